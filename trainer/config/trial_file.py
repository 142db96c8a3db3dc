"""trial.json: the configuration of the trial in whose folder it is, and its readers."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from trainer.config.identity import TRIAL_ID, trial_id
from trainer.config.stored import Malformed, Moment, read_document
from trainer.config.train import TrainConfig
from trainer.files import parsed_json, read_regular


class TrialFile(BaseModel):
    """The content of trial.json; fields of later versions are ignored. `created` is in Unix seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    schema_version: Literal[1] = 1
    id: str
    config: TrainConfig
    created: Moment = 0.0


def read_trial_file(path: Path, malformed: list[Malformed] | None = None) -> TrialFile | None:
    """Return the trial.json at `path`.

    Returns None if it is missing, or invalid or of another trial, which is reported in `malformed`.
    """
    found = read_document(path, TrialFile, malformed)
    fault = _fault(found, path.parent.name) if found else ""
    if fault and malformed is not None:
        malformed.append(Malformed(path, 0, fault))
    return None if fault else found


def trial_file_in(content: bytes, folder: str) -> TrialFile | None:
    """Return the content of the trial.json of a folder; None if it is of another trial. Raises ValueError."""
    found = TrialFile.model_validate_json(content)
    return None if _fault(found, folder) else found


def raw_config(path: Path) -> dict[str, Any]:
    """Return the configuration in the trial.json at `path` as JSON values, whatever version wrote it.

    Raises OSError, or ValueError if it is invalid or of another trial.
    """
    try:
        found = parsed_json(read_regular(path))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error})") from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise ValueError(f"{path} has no configuration")
    if found.get("id") != path.parent.name:
        raise ValueError(f"{path} is of trial {str(found.get('id'))[:12]!r}")
    return dict(found["config"])


def _fault(found: TrialFile, folder: str) -> str:
    """Return why a configuration is not that of its folder, "" if it is.

    Runs outside of stores have folders of any name: their configurations are compared with their own ids.
    """
    own = folder if TRIAL_ID.fullmatch(folder) else found.id
    described = trial_id(found.config)
    if found.id != own:
        return f"is of trial {found.id[:12]}"
    return "" if described == own else f"has the configuration of trial {described}: it was edited"
