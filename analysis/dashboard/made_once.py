"""Values that are made once for one revision of a store."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Made = TypeVar("Made")
Key = tuple[str, ...]

MOST_KEPT = 32
MOST_MADE_ANEW = 12


class _KeptValue(NamedTuple):
    value: Any
    make: Callable[[], Any]


class MadeOnce:
    """The values of one revision, of which the latest MOST_KEPT are kept. One thread at a time makes one."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self._lock = threading.RLock()
        self._entries: OrderedDict[Key, _KeptValue] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """Return the value of `key`, made now unless it is there."""
        with self._lock:
            if key not in self._entries:
                self._entries[key] = _KeptValue(make(), make)
            self._entries.move_to_end(key)
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
            value: Made = self._entries[key].value
            return value

    def kept(self, key: Key) -> object | None:
        """Return the value of `key` if it is there."""
        entry = self._entries.get(key)
        return entry.value if entry else None

    def latest(self) -> list[tuple[Key, Callable[[], Any]]]:
        """Return the keys that were asked for last, with what makes their values."""
        with self._lock:
            return [(key, entry.make) for key, entry in list(self._entries.items())[-MOST_MADE_ANEW:]]

    def forget_all_but(self, *kinds: str) -> None:
        """Keep only values whose key begins with one of `kinds`."""
        with self._lock:
            for key in [key for key in self._entries if key[0] not in kinds]:
                del self._entries[key]
