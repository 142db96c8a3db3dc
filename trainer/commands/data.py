"""python -m trainer data: get, prepare, verify, describe and list data sets."""

from trainer.data.arguments import configure
from trainer.data.cli import run as execute

__all__ = ["configure", "execute"]
