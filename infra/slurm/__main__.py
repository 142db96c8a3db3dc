"""Throw-away SLURM clusters: python -m infra.slurm up|down|status|kill-node|start-node."""

from typing import Annotated

import typer

from infra.slurm import packages
from infra.slurm.cluster import Cluster, existing
from infra.slurm.shape import Shape

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Node = Annotated[str, typer.Argument(help="name of a node: n1, n2, ...")]


@app.command()
def up(nodes: Annotated[int, typer.Option(help="number of virtual nodes")] = 2) -> None:
    """Start a cluster and say how to use it."""
    try:
        packages.require()
    except packages.CannotRunSlurm as reason:
        raise _Stop(str(reason)) from None
    cluster = Cluster.create(Shape(nodes=nodes))
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
        done = cluster.ask(*command, check=False)
        typer.echo(done.stdout + done.stderr)


@app.command()
def kill_node(node: Node) -> None:
    """Pull the plug of a node: every process on it dies at once."""
    cluster = _the_cluster()
    _known(cluster, node)
    cluster.kill(node)


@app.command()
def start_node(node: Node) -> None:
    """Bring a lost node back."""
    cluster = _the_cluster()
    _known(cluster, node)
    cluster.restore_node(node)


class _Stop(typer.Exit):
    def __init__(self, message: str) -> None:
        typer.echo(message, err=True)
        super().__init__(2)


def _started_by_hand() -> list[Cluster]:
    return [cluster for cluster in existing() if cluster.recorded.owner is None]


def _the_cluster() -> Cluster:
    clusters = _started_by_hand()
    if not clusters:
        raise _Stop("no cluster is up; start one with `python -m infra.slurm up`")
    return clusters[-1]


def _known(cluster: Cluster, node: str) -> None:
    if node not in cluster.shape.names:
        raise _Stop(f"{node}: no such node; there are {', '.join(cluster.shape.names)}")


app()
