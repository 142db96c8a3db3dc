"""Fixtures for tests of the augmentations."""

from tests.support.native import native as native
