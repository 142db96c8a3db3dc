"""python -m trainer data: get, prepare, verify, describe and list data sets."""

from trainer.commands.data_arguments import configure
from trainer.commands.data_sets import run as execute

__all__ = ["configure", "execute"]
