"""What the dashboard may be asked to do: carried out by the command line of adasweep, in a process of its own."""

import os
import subprocess
import sys
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from analysis.dashboard.live_store import LiveStore
from analysis.errors import AnalysisError, ResultStoreError
from trainer.config.identity import TRIAL_ID
from trainer.errors import counted, without_prefix
from trainer.files import parsed_json

SECONDS = 300.0


class ActionRequest(BaseModel):
    """An action on a sweep, or for cancel and retry on a trial. `horizon_kimg`: to where to extend a sweep."""

    action: Literal["cancel", "retry", "extend"]
    target: Annotated[str, Field(max_length=200)]
    horizon_kimg: Annotated[float, Field(gt=0, le=1e9)] | None = None


class ActionResult(BaseModel):
    """What an action came to, in words."""

    message: str


class DoctorFinding(BaseModel):
    """One thing that `adasweep doctor` looked at."""

    name: str
    verdict: Literal["ok", "note", "wrong"]
    detail: str


class DoctorReport(BaseModel):
    """All that `adasweep doctor` found."""

    findings: list[DoctorFinding]


class ActionRefused(AnalysisError):
    """The command line would not carry an action out."""


def carry_out(live: LiveStore, request: ActionRequest) -> ActionResult:
    """Carry an action out. Raises ResultStoreError for an unknown target, ActionRefused with the command's reason."""
    is_trial = bool(TRIAL_ID.fullmatch(request.target)) and os.path.isdir(live.store.run(request.target).path)
    if request.target not in live.store.sweeps() and not (is_trial and request.action != "extend"):
        raise ResultStoreError("no such sweep or trial in this store")
    if request.action != "extend":
        done = run_command(live, [request.action, request.target, "--json"])
        trials = next(iter(parsed_json(done.stdout.encode()).values()))
        word = {"cancel": "cancelled", "retry": "will be taken up again by the next run"}[request.action]
        return ActionResult(message=f"{counted(len(trials), 'trial')} {word}.")
    if request.horizon_kimg is None:
        raise ActionRefused("extend: say to how many kimg")
    run_command(live, ["extend", request.target, repr(request.horizon_kimg), "--detach"])
    return ActionResult(message=f"Extended to {request.horizon_kimg:g} kimg; what was missing is submitted.")


def doctor(live: LiveStore) -> DoctorReport:
    """Return what `adasweep doctor` says of this machine."""
    done = run_command(live, ["doctor", "--json"], codes=(0, 2))
    return DoctorReport(findings=parsed_json(done.stdout.encode()))


def run_command(live: LiveStore, words: list[str], codes: tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[str]":
    """Run a command of adasweep on the store: a list of arguments that never meets a shell."""
    command = [sys.executable, "-P", "-m", "orchestrator", *words]
    settings: dict[str, Any] = {"env": {**os.environ, "ADASWEEP_STORE": str(live.store.path)}, "text": True}
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, **settings)
    except subprocess.TimeoutExpired as error:
        raise ActionRefused(f"{words[0]}: no answer for {SECONDS:g} s; see: adasweep status") from error
    if done.returncode not in codes or not done.stdout.strip():
        lines = done.stderr.strip().splitlines() or [f"{words[0]}: exit code {done.returncode}"]
        raise ActionRefused(without_prefix(lines[-1]))
    return done
