"""Fixtures for tests with real training."""

from tests.support.trials import tiny_set as tiny_set
from tests.support.trials import trials as trials
