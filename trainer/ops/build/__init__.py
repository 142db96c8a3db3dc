"""Ahead-of-time builds of the compiled operations. Imports no torch, for `doctor` and `ops build`."""
