"""Records name the processor, since speed and the last bits of results depend on it."""

from pathlib import Path

import pytest
import torch

from trainer.runtime.processor import cpu_model, processor

CPU_INFO = "processor\t: 0\nmodel name\t: Imagined 9000 @ 3 GHz\nflags\t\t: avx2\n\nmodel name\t: Another\n"


def test_a_cpu_is_named_with_the_instruction_set_that_torch_uses(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(CPU_INFO)
    if not torch.cuda.is_available():
        capability = torch.backends.cpu.get_cpu_capability()
        assert processor(tmp_path / "cpuinfo") == f"Imagined 9000 @ 3 GHz, {capability}"


@pytest.mark.parametrize("content", [None, "", "model name\t:\n"])
def test_a_cpu_without_a_listed_model_has_a_name_all_the_same(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cpuinfo").write_text(content)
    assert cpu_model(tmp_path / "cpuinfo")


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA Imagined")
    assert processor() == "NVIDIA Imagined"
