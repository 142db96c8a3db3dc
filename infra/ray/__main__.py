"""Throw-away Ray clusters: python -m infra.ray up|down|status|kill-node|start-node|template."""

import json
from typing import Annotated

import typer

from infra.ray.cluster import RayCluster, Shape, existing
from infra.ray.templates import TEMPLATES

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Node = Annotated[str, typer.Argument(help="name of a node: node1, node2, ...")]


@app.command()
def up(
    nodes: Annotated[int, typer.Option(help="nodes beside the head")] = 2,
    cpus: Annotated[int, typer.Option(help="CPUs of each node")] = 2,
    gpus: Annotated[int, typer.Option(help="make-believe GPUs of each node")] = 0,
) -> None:
    """Start a cluster and say how to use it."""
    cluster = RayCluster.create(Shape(nodes=nodes, cpus=cpus, gpus=gpus))
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
    """Show what the cluster has and what of it is in use."""
    typer.echo(json.dumps(_the_cluster().usage(), indent=1))


@app.command()
def kill_node(node: Node) -> None:
    """Pull the plug of a node: every process on it dies at once."""
    _with(node).kill(node)


@app.command()
def start_node(node: Node) -> None:
    """Bring a lost node back."""
    _with(node).start_node(node)


@app.command()
def template(name: Annotated[str, typer.Argument(help=f"one of {', '.join(TEMPLATES)}")]) -> None:
    """Print a template for a real cluster, to be filled in."""
    if name not in TEMPLATES:
        raise _Stop(f"{name}: no such template; there are {', '.join(TEMPLATES)}")
    typer.echo(TEMPLATES[name].read_text(encoding="utf-8"), nl=False)


class _Stop(typer.Exit):
    def __init__(self, message: str) -> None:
        typer.echo(message, err=True)
        super().__init__(2)


def _started_by_hand() -> list[RayCluster]:
    return [cluster for cluster in existing() if cluster.recorded.owner is None]


def _the_cluster() -> RayCluster:
    clusters = _started_by_hand()
    if not clusters:
        raise _Stop("no cluster is up; start one with `python -m infra.ray up`")
    return clusters[-1]


def _with(node: str) -> RayCluster:
    cluster = _the_cluster()
    if node not in cluster.recorded.nodes:
        raise _Stop(f"{node}: no such node; there are {', '.join(cluster.recorded.nodes)}")
    return cluster


app()
