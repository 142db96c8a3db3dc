"""The tests. `typechecked` checks shapes and types of signatures; an int is accepted where a float is expected."""

from beartype import BeartypeConf, beartype

typechecked = beartype(conf=BeartypeConf(is_pep484_tower=True))
