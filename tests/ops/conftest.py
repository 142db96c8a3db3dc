"""Fixtures for tests of the operations."""

from tests.support.native import native as native
from tests.support.native import native_used as native_used
from tests.support.trials import tiny_set as tiny_set
from tests.support.trials import trials as trials
