"""python -m benchmarks: measure every ratio; write benchmarks/latest.json and the tables of docs/performance.md.

Runs on one thread. The sides of a comparison take turns, and the least CPU time of each counts. A part is always
measured as a whole; `--only` limits the run to some parts. What `make bench` measures with AVX2 alone (by the switches
ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA and MKL_ENABLE_INSTRUCTIONS) is kept beside the rest, under names of its own.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks import (
    bench_augment,
    bench_commands,
    bench_evaluation,
    bench_files,
    bench_iteration,
    bench_metrics,
    bench_ops,
    bench_pair,
    bench_profile,
)
from benchmarks.aims import BEGIN_AIMS, END_AIMS, INSTRUCTIONS, aims_table, named
from benchmarks.ratios import Rate, Ratio, implementations, machine, matmul_gflops, stream_copy_gbps
from benchmarks.table import replace_between_markers, write_into
from trainer.command_line.group import new_app, taking_several
from trainer.command_line.options import names_in
from trainer.command_line.program import run_program
from trainer.errors import UserError
from trainer.ops.kernels import using
from trainer.runtime.console import log, print_result
from trainer.runtime.torch_settings import configure_process

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"

Row = Ratio | Rate


def metric_ratios(_: int) -> Iterator[Ratio]:
    """Compare the metrics with their plain forms (bench_metrics), ours with native operations."""
    with using(implementations()["native"]):
        for row in bench_metrics.rows():
            yield Ratio(row.what, "plain", "ours", 1000 * row.plain_seconds, 1000 * row.our_seconds)


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "ops": bench_ops.op_ratios,
    "rates": bench_ops.rates,
    "iteration": bench_iteration.iteration_ratios,
    "threads": bench_iteration.thread_ratios,
    "pair": bench_pair.pair_ratios,
    "augmentation": bench_augment.augmentation_ratios,
    "profile": bench_profile.shares,
    "evaluation": bench_evaluation.evaluation_rates,
    "files": bench_files.file_rates,
    "metrics": metric_ratios,
    "commands": bench_commands.command_times,
}


def as_json(row: Row) -> dict[str, object]:
    """Return a row with its ratio."""
    if isinstance(row, Ratio):
        return {**row._asdict(), "ratio": row.ratio}
    return {**row._asdict(), "ratio": row.achieved / row.beside}


def measure(part: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the part measured so far, with its machine and peaks, after each row."""
    log(f"measuring {part}")
    peaks = {"stream copy, GB/s": stream_copy_gbps(), "float32 matrix product, GFLOP/s": matmul_gflops()}
    found: dict[str, Any] = {"machine": machine(), "peaks": peaks, "rows": []}
    for row in PARTS[part](rounds):
        found["rows"].append(as_json(row))
        print_result(json.dumps(found["rows"][-1]))
        yield found


RoundsOption = Annotated[int, typer.Option("--rounds", min=1, help="Rounds per side.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="PART ...", help=f"Parts to measure: {', '.join(PARTS)}.", show_default="all"),
]

app = new_app()


@app.command(cls=taking_several("--only"))
def main(rounds: RoundsOption = 5, only: OnlyOption = None) -> None:
    """Measure and print ratios; update both files after every row. Parts that were not requested stay unchanged."""
    parts = names_in(only) or tuple(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        raise UserError("--only", f"no such part: {', '.join(unknown)}", f"there are {', '.join(PARTS)}")
    configure_process(threads=1)
    latest = HERE / "latest.json"
    found = json.loads(latest.read_text(encoding="utf-8")) if latest.exists() else {}
    for part in parts:
        for measured in measure(part, rounds):
            found[named(part, INSTRUCTIONS[torch.backends.cpu.get_cpu_capability()])] = measured
            latest.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            write_into(PAGE, found)
            replace_between_markers(PAGE, aims_table(found), BEGIN_AIMS, END_AIMS)


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks"))
