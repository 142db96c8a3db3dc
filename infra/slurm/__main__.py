"""python -m infra.slurm: throw-away SLURM clusters."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from infra.slurm import packages
from infra.slurm.cluster import Cluster, existing
from infra.slurm.shape import SlurmShape
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program
from trainer.errors import UserError

PROGRAM = "python -m infra.slurm"

app = new_app("Throw-away SLURM clusters for tests.")

NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="Name of a node: n1, n2, ...")]


@app.command()
def up(nodes: Annotated[int, typer.Option(help="Number of virtual nodes.")] = 2) -> None:
    """Start a cluster, and print how to use it."""
    try:
        packages.require()
    except packages.CannotRunSlurm as reason:
        raise UserError(PROGRAM, str(reason)) from None
    cluster = Cluster.create(SlurmShape(nodes=nodes))
    cluster.start()
    typer.echo(f"export SLURM_CONF={cluster.layout.slurm_conf}")


@app.command()
def down() -> None:
    """Stop every cluster that was started with `up`."""
    for cluster in _started_by_hand():
        cluster.stop()


@app.command()
def status() -> None:
    """Show the nodes and jobs of the cluster."""
    cluster = _the_cluster()
    for command in ("sinfo", "--Node", "--long"), ("squeue",):
        done = cluster.run(*command, check=False)
        typer.echo(done.stdout + done.stderr)


@app.command()
def kill_node(node: NodeArgument) -> None:
    """Kill every process of a node at once, as a power failure does."""
    cluster = _the_cluster()
    _known(cluster, node)
    cluster.kill(node)


@app.command()
def start_node(node: NodeArgument) -> None:
    """Restart a lost node."""
    cluster = _the_cluster()
    _known(cluster, node)
    cluster.restore_node(node)


def _started_by_hand() -> list[Cluster]:
    return [cluster for cluster in existing() if cluster.recorded.owner is None]


def _the_cluster() -> Cluster:
    clusters = _started_by_hand()
    if not clusters:
        raise UserError(PROGRAM, "no cluster is up", f"start one: {PROGRAM} up")
    return clusters[-1]


def _known(cluster: Cluster, node: str) -> None:
    if node not in cluster.shape.names:
        raise UserError(node, "no such node", f"there are {', '.join(cluster.shape.names)}")


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    return run_program(app, sys.argv[1:] if words is None else words, PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
