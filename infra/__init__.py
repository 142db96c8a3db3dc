"""Clusters to run sweeps on: throw-away clusters on this machine for tests, profiles and templates for real ones."""
