"""A store, for these tests too."""

from tests.support.tiny_sweep import store as store
