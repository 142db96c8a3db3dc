"""What a worker computes on: the name of its GPU, or of the CPU and the instruction set that torch uses."""

import platform
from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")


def processor(cpu_info: Path = CPU_INFO) -> str:
    """Return the device that workers on this machine use, such as "NVIDIA A100" or "AMD EPYC 7763, AVX2"."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{cpu_model(cpu_info)}, {torch.backends.cpu.get_cpu_capability()}"


def cpu_model(cpu_info: Path = CPU_INFO) -> str:
    """Return the model of the CPU, from Linux' list of processors where there is one."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()
