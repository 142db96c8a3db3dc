"""Fixtures of the tests that really train."""

from tests.support.trials import tiny_set as tiny_set
from tests.support.trials import trials as trials
