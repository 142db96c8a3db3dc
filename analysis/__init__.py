"""Turn the files of a store into tables, figures and verdicts. Needs neither torch nor orchestrator.

For notebooks: `from analysis import open_store`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.notebook.frames import open_store as open_store

__all__ = ["open_store"]


def __getattr__(name: str) -> Any:
    """Import the face for notebooks when it is first used: the commands start without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analysis.notebook.frames import open_store

    return open_store
