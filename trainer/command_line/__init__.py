"""Shared parts of the command lines of adasweep, trainer and analysis. Imports quickly, without torch."""

import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")  # pydantic looks through all installed packages for some
