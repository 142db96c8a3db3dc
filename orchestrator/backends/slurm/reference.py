"""The reference of profiles in docs/cluster.md: python -m orchestrator.backends.slurm.reference."""

import sys

from orchestrator.backends.slurm.flags import REFUSED
from orchestrator.backends.slurm.profile import Profile


def reference() -> str:
    """Return a table of all keys of a profile, and of the flags that it may not add."""
    rows = [_row(name, field.default, str(field.description)) for name, field in Profile.model_fields.items()]
    refused = [f"| {_words(why)} | {why} |" for why in dict.fromkeys(REFUSED.values())]
    head, further = (
        ["| key | unless set | what it says |", "|---|---|---|"],
        ["| refused | because, or instead |", "|---|---|"],
    )
    return "\n".join([*head, *rows, "", *further, *refused, ""])


def _row(name: str, default: object, description: str) -> str:
    shown = "" if default in (None, (), {}) else f"{default:g}" if isinstance(default, float) else str(default)
    escaped = description.replace("|", "\\|")
    return f"| `{name}` | {shown} | {escaped} |"


def _words(why: str) -> str:
    return ", ".join(f"`{flag}`" for flag, reason in REFUSED.items() if reason == why)


if __name__ == "__main__":
    sys.stdout.write(reference())
