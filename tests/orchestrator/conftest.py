"""Fixtures for tests of the orchestrator."""

from tests.support.tiny_sweep import read as read
from tests.support.tiny_sweep import scripted as scripted
from tests.support.tiny_sweep import store as store
from tests.support.tiny_sweep import sweep_file as sweep_file
