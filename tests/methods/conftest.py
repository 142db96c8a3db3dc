"""Fixtures for tests of the methods."""

from tests.support.stage import stage as stage
from tests.support.trials import tiny_set as tiny_set
from tests.support.trials import trials as trials
