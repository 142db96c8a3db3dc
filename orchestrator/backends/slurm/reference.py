"""Prints the reference of profiles in docs/cluster.md: python -m orchestrator.backends.slurm.reference."""

import sys

from orchestrator.backends.slurm.flags import REFUSED
from orchestrator.backends.slurm.profile import Profile


def reference() -> str:
    """Return the tables of a profile's keys and of refused flags."""
    rows = [_row(name, field.default, str(field.description)) for name, field in Profile.model_fields.items()]
    refused = [f"| {_flags(why)} | {why} |" for why in dict.fromkeys(REFUSED.values())]
    head, further = (
        ["| key | default | meaning |", "|---|---|---|"],
        ["| refused flag | reason or alternative |", "|---|---|"],
    )
    return "\n".join([*head, *rows, "", *further, *refused, ""])


def _row(name: str, default: object, description: str) -> str:
    shown = "" if default in (None, (), {}) else f"{default:g}" if isinstance(default, float) else str(default)
    escaped = description.replace("|", "\\|")
    return f"| `{name}` | {shown} | {escaped} |"


def _flags(why: str) -> str:
    return ", ".join(f"`{flag}`" for flag, reason in REFUSED.items() if reason == why)


if __name__ == "__main__":
    sys.stdout.write(reference())
