"""Clusters to run sweeps on: throw-away ones on this machine for tests, profiles and templates for real ones."""
