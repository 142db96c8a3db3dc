import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import LeaseHeld, LeaseSuperseded, SetupError
from orchestrator.store import lease as leases
from orchestrator.store.lease import CLAIM_JOB, CLAIM_RUN, TTL_SECONDS, Holder, acquire, holder
from orchestrator.store.process_id import ProcessId
from trainer.recording.fence import Fence, FencedOut

RACER = """
import sys, time
from pathlib import Path
from orchestrator.errors import LeaseHeld
from orchestrator.store.lease import acquire
directory = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    print(acquire(directory).token, flush=True)
    sys.stdin.readline()
except LeaseHeld:
    print("held", flush=True)
"""


def test_a_lease_is_held_by_one(tmp_path: Path) -> None:
    lease = acquire(tmp_path)
    with pytest.raises(LeaseHeld, match="token 1"):
        acquire(tmp_path)
    lease.release()
    assert acquire(tmp_path).token == 2


@pytest.mark.parametrize("run", [None, "", "one", "-1"])
def test_half_of_a_clusters_claim_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str | None) -> None:
    monkeypatch.setenv(CLAIM_JOB, "7")
    if run is not None:
        monkeypatch.setenv(CLAIM_RUN, run)
    with pytest.raises(SetupError, match=r"CLAIM_JOB: is set, but ADASWEEP_CLAIM_RUN is no number; unset it"):
        acquire(tmp_path)


def test_a_silent_holder_is_superseded_and_notices(tmp_path: Path) -> None:
    old = acquire(tmp_path)
    new = acquire(tmp_path, now=time.time() + TTL_SECONDS + 1)
    assert new.token == 2
    with pytest.raises(LeaseSuperseded, match="superseded by 2"):
        old.beat()
    old.release()
    assert holder(tmp_path) == new.holder


def test_a_holder_with_heartbeats_is_not_superseded(tmp_path: Path) -> None:
    lease = acquire(tmp_path, now=time.time() - TTL_SECONDS + 1)
    lease.beat()
    with pytest.raises(LeaseHeld):
        acquire(tmp_path, now=time.time() + TTL_SECONDS - 5)


def test_a_dead_holder_of_this_host_is_superseded_at_once(tmp_path: Path) -> None:
    racer = start(tmp_path)
    say(racer)
    assert heard(racer) == "1"
    with pytest.raises(LeaseHeld):
        acquire(tmp_path)
    racer.kill()
    racer.wait()
    assert acquire(tmp_path).token == 2


def test_the_workers_fence_closes_when_the_lease_passes_on(tmp_path: Path) -> None:
    lease = acquire(tmp_path)
    fence = Fence(tmp_path / "lease.json", lease.token)
    fence.check()
    acquire(tmp_path, now=time.time() + TTL_SECONDS + 1)
    with pytest.raises(FencedOut):
        fence.check()


def test_a_holder_that_died_before_its_first_heartbeat_still_counts(tmp_path: Path) -> None:
    acquire(tmp_path)
    (tmp_path / "lease.json").unlink()
    with pytest.raises(LeaseHeld):
        acquire(tmp_path)


def test_a_claim_between_check_and_claim_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = leases._holder_of

    def look_and_be_overtaken(directory: Path, token: int) -> Holder | None:
        seen = look(directory, token)
        monkeypatch.setattr(leases, "_holder_of", look)
        acquire(directory)
        return seen

    monkeypatch.setattr(leases, "_holder_of", look_and_be_overtaken)
    with pytest.raises(LeaseHeld, match="took token 1 first"):
        acquire(tmp_path)


def test_of_many_racers_one_wins(tmp_path: Path) -> None:
    acquire(tmp_path, now=time.time() - 2 * TTL_SECONDS).release()
    racers = [start(tmp_path) for _ in range(6)]
    for racer in racers:
        say(racer)
    outcomes = sorted(heard(racer) for racer in racers)
    for racer in racers:
        racer.kill()
        racer.communicate()
    assert outcomes == ["2"] + ["held"] * 5


def test_a_process_is_not_mistaken_for_a_later_one_of_its_number() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    known = ProcessId.of(child.pid)
    assert not known.is_gone
    assert known.model_copy(update={"started": known.started - 1}).is_gone
    assert known.model_copy(update={"boot": "another"}).is_gone
    assert not known.model_copy(update={"host": "elsewhere", "boot": "another"}).is_gone
    child.communicate()
    assert known.is_gone


def start(directory: Path) -> "subprocess.Popen[str]":
    racer = subprocess.Popen(
        [sys.executable, "-c", RACER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert heard(racer) == "ready"
    return racer


def heard(racer: "subprocess.Popen[str]") -> str:
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


def say(racer: "subprocess.Popen[str]") -> None:
    assert racer.stdin is not None
    racer.stdin.write("\n")
    racer.stdin.flush()
