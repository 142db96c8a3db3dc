"""The rank and world size of this process, from the environment set by torchrun or SLURM's srun. Imports no torch."""

import re
from collections.abc import Mapping
from typing import NamedTuple

FIRST_PORT, PORTS = 15_000, 20_000


class Place(NamedTuple):
    """A process among the `size` ranks of a run; `local_rank` is per machine. Ranks rendezvous at address:port."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    address: str = "127.0.0.1"
    port: int = 29_500

    def environment(self) -> dict[str, str]:
        """Return the variables that torch.distributed reads."""
        return {
            "RANK": str(self.rank),
            "WORLD_SIZE": str(self.size),
            "LOCAL_RANK": str(self.local_rank),
            "MASTER_ADDR": self.address,
            "MASTER_PORT": str(self.port),
        }


def find_place(environment: Mapping[str, str]) -> Place:
    """Return the place from torchrun's variables, else from those of an srun step, else a world of one.

    SLURM_STEP_NUM_TASKS takes precedence over SLURM_NTASKS: a batch script that has not started its tasks is one
    process.
    """
    if "WORLD_SIZE" in environment:
        return _from_torchrun(environment)
    if "SLURM_PROCID" in environment:
        return _from_slurm(environment)
    return Place()


def _from_torchrun(environment: Mapping[str, str]) -> Place:
    rank = int(environment.get("RANK", "0"))
    return Place(
        rank,
        int(environment["WORLD_SIZE"]),
        int(environment.get("LOCAL_RANK", rank)),
        environment.get("MASTER_ADDR", Place().address),
        int(environment.get("MASTER_PORT", Place().port)),
    )


def _from_slurm(environment: Mapping[str, str]) -> Place:
    size = int(environment.get("SLURM_STEP_NUM_TASKS", environment.get("SLURM_NTASKS", "1")))
    if size == 1:
        return Place()
    nodes = environment.get("SLURM_STEP_NODELIST", environment.get("SLURM_JOB_NODELIST", ""))
    job = int(environment.get("SLURM_JOB_ID", "0")) + int(environment.get("SLURM_STEP_ID", "0"))
    return Place(
        int(environment["SLURM_PROCID"]),
        size,
        int(environment.get("SLURM_LOCALID", "0")),
        environment.get("MASTER_ADDR", first_host(nodes) or Place().address),
        int(environment.get("MASTER_PORT", FIRST_PORT + job % PORTS)),
    )


def first_host(nodes: str) -> str:
    """Return the first host of a SLURM node list: gpu003 for `gpu[003-005,7],big1`."""
    match = re.match(r"(?P<name>[^\[,]*)(?:\[(?P<number>\d+)[^\]]*\](?P<rest>[^,]*))?", nodes)
    return "".join(part or "" for part in match.groups()) if match else ""
