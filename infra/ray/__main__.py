"""python -m infra.ray: throw-away Ray clusters, and templates for real ones."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from infra.ray.cluster import RayCluster, RayShape, existing
from infra.ray.templates import TEMPLATES
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program
from trainer.errors import UserError

PROGRAM = "python -m infra.ray"

app = new_app("Throw-away Ray clusters, and templates for real ones.")

NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="Name of a node: node1, node2, ...")]


@app.command()
def up(
    nodes: Annotated[int, typer.Option(help="Nodes besides the head.")] = 2,
    cpus: Annotated[int, typer.Option(help="CPUs of each node.")] = 2,
    gpus: Annotated[int, typer.Option(help="Simulated GPUs of each node.")] = 0,
) -> None:
    """Start a cluster, and print how to use it."""
    cluster = RayCluster.create(RayShape(nodes=nodes, cpus=cpus, gpus=gpus))
    cluster.start()
    for name, value in cluster.environment.items():
        typer.echo(f"export {name}={value}")


@app.command()
def down() -> None:
    """Stop every cluster that was started with `up`."""
    for cluster in _started_by_hand():
        cluster.stop()


@app.command()
def status() -> None:
    """Show the resources of the cluster and their use."""
    typer.echo(json.dumps(_the_cluster().usage(), indent=1))


@app.command()
def kill_node(node: NodeArgument) -> None:
    """Kill every process of a node at once, as a power failure does."""
    _with(node).kill(node)


@app.command()
def start_node(node: NodeArgument) -> None:
    """Restart a lost node."""
    _with(node).start_node(node)


@app.command()
def template(name: Annotated[str, typer.Argument(metavar="TEMPLATE", help=f"One of {', '.join(TEMPLATES)}.")]) -> None:
    """Print a template for a real cluster, to be filled in."""
    if name not in TEMPLATES:
        raise UserError(name, "no such template", f"there are {', '.join(TEMPLATES)}")
    typer.echo(TEMPLATES[name].read_text(encoding="utf-8"), nl=False)


def _started_by_hand() -> list[RayCluster]:
    return [cluster for cluster in existing() if cluster.recorded.owner is None]


def _the_cluster() -> RayCluster:
    clusters = _started_by_hand()
    if not clusters:
        raise UserError(PROGRAM, "no cluster is up", f"start one: {PROGRAM} up")
    return clusters[-1]


def _with(node: str) -> RayCluster:
    cluster = _the_cluster()
    if node not in cluster.recorded.nodes:
        raise UserError(node, "no such node", f"there are {', '.join(cluster.recorded.nodes)}")
    return cluster


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    return run_program(app, sys.argv[1:] if words is None else words, PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
