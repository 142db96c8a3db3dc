"""python -m analysis collect|figures|table|claims|energy|report --store STORE --sweep NAME [--json]

Exit code 0: done. 2: a user's mistake, or a verification that failed; one line says what and how to go on.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis import commands
from analysis.console import complain
from analysis.errors import AnalysisError
from analysis.tables.store import open_store


def parser() -> argparse.ArgumentParser:
    """Return the command line: one subcommand per function of analysis.commands."""
    common = argparse.ArgumentParser(add_help=False)
    store = Path(os.environ.get("ADASWEEP_STORE", "store"))
    common.add_argument("--store", type=Path, default=store, help="directory of the store (default: %(default)s)")
    common.add_argument("--json", action="store_true", help="write JSON instead of text")
    of_sweep = argparse.ArgumentParser(add_help=False)
    of_sweep.add_argument("--sweep", required=True, help="name of a planned sweep")
    sweep = argparse.ArgumentParser(add_help=False)
    sweep.add_argument("--score", help="metric to judge by instead of the plan's, as in fid2k-lite0")
    sweep.add_argument("--identity", help="identity of the metric, where the store holds several")

    root = argparse.ArgumentParser(prog="python -m analysis", description="Tables, figures and verdicts of a store.")
    sub = root.add_subparsers(dest="command", required=True)
    collect = sub.add_parser("collect", parents=[common], help="bring the Parquet tables up to date")
    collect.add_argument("--csv", action="store_true", help="write the tables as CSV files, too")
    figures = sub.add_parser("figures", parents=[common, sweep], help="draw the figures of a sweep, or look into them")
    figures.add_argument("--sweep", help="name of a planned sweep (default: what needs no run; to verify: all of them)")
    instead = figures.add_mutually_exclusive_group()
    instead.add_argument("--which", type=Path, metavar="FILE", help="list the runs behind a PDF, PNG or CSV drawn here")
    told = "rebuild the numbers from the runs and compare, of one sweep or of all"
    instead.add_argument("--verify", nargs="?", const="", metavar="SWEEP", help=told)
    figures.add_argument("--only", nargs="+", metavar="FIGURE", default=[], help="these figures instead of the plan's")
    table = sub.add_parser("table", parents=[common, of_sweep, sweep], help="show a summary, one row per cell")
    table.add_argument("--format", choices=("text", "csv", "markdown"), default="text")
    table.add_argument("--csv", dest="format", action="store_const", const="csv", help="short for --format csv")
    claims = sub.add_parser("claims", parents=[common, of_sweep, sweep], help="test the claims of a sweep")
    claims.add_argument("--claim", action="append", default=[], help="a claim to test beside those of the plan")
    factors = argparse.ArgumentParser(add_help=False)
    factors.add_argument("--kg-per-kwh", type=_positive, help="CO2 of a kWh (default: world average, stated)")
    factors.add_argument("--node-watts", type=_positive, help="power of a node, for the paper's formula")
    factors.add_argument("--node-devices", type=int, help="devices of a node (default: 8)")
    energy = sub.add_parser("energy", parents=[common, factors], help="say what sweeps took: kWh, CO2, GPU-years")
    energy.add_argument("sweeps", nargs="*", metavar="SWEEP", help="names of sweeps (default: the whole store)")
    report = sub.add_parser("report", parents=[common, factors], help="write a report of sweeps as one page")
    report.add_argument("sweeps", nargs="+", metavar="SWEEP", help="names of planned sweeps")
    report.add_argument("--out", type=Path, help="file of the page (default: STORE/reports/SWEEP.html)")
    report.add_argument("--pdf", action="store_true", help="print it to PDF too, with a Chromium of this machine")
    return root


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    chosen = parser().parse_args(arguments)
    try:
        return int(getattr(commands, chosen.command)(open_store(chosen.store), chosen))
    except AnalysisError as error:
        complain(str(error))
    except PermissionError as error:
        complain(f"{error.filename}: may not be written or read; see to its permissions")
    return 2


if __name__ == "__main__":
    sys.exit(main())
