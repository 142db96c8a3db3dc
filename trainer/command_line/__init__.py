"""Shared parts of the command lines of adasweep, trainer and analysis. Imports quickly, without torch."""
