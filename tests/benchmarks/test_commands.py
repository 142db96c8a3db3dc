"""Short commands are timed as installed: with the byte code that an earlier call has left."""

from pathlib import Path

import pytest

from benchmarks.bench_commands import cpu_ms


def test_a_timed_command_keeps_its_byte_code_wherever_the_benchmark_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert cpu_ms(("-c", "import sys; sys.exit(sys.dont_write_bytecode)"), tmp_path) > 0


def test_a_command_that_fails_is_not_timed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        cpu_ms(("-c", "raise SystemExit(3)"), tmp_path)
