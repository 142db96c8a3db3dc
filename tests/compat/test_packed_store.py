"""Packed and unpacked evidence gives the same results as the store in which it was recorded."""

import json
from pathlib import Path

import pytest

from tests.compat.packing import copied
from tests.compat.recording import Copy

pytestmark = pytest.mark.timeout(600)
QUESTIONS = (("figures", "verify"), ("claims",), ("table",))


def output_of(copy: Copy, store: Path, *words: str) -> tuple[int, object]:
    """Return the exit code and the JSON output of a command on the sweep `real` in a store."""
    done = copy.adasweep(*words, "real", "--json", "--store", store)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_figures_claims_and_tables_of_unpacked_evidence_are_those_of_the_runs(tmp_path: Path) -> None:
    unpacked, pack = tmp_path / "unpacked", tmp_path / "real.zip"
    with copied() as copy:
        assert copy.adasweep("pack", "real", "--out", pack, "--store", copy.store).returncode == 0
        assert copy.adasweep("unpack", pack, "--store", unpacked).returncode == 0
        for words in QUESTIONS:
            before = output_of(copy, copy.store, *words)
            assert output_of(copy, unpacked, *words) == before, words
            assert before[0] == 0 or words == ("claims",)
