"""The configuration files of a throw-away cluster."""

from pathlib import Path

from infra.ports import free_ports, is_open
from infra.slurm import commands, config
from infra.slurm.shape import Layout, Ports, SlurmShape

LAYOUT = Layout(Path("/tmp/p"))
PORTS = Ports(database=1, accounting=2, controller=3, nodes=(4, 5))


def _settings() -> dict[str, str]:
    text = config.slurm_conf(LAYOUT, SlurmShape(), PORTS, "host", first_job=7)
    return dict(line.split("=", 1) for line in text.splitlines() if not line.startswith(("NodeName", "PartitionName")))


def test_nothing_listens_to_the_outside() -> None:
    assert _settings()["CommunicationParameters"] == "NoInAddrAny,NoCtldInAddrAny"
    assert "NoInAddrAny" in config.slurmdbd_conf(LAYOUT, PORTS)
    assert "--bind-address=127.0.0.1" in commands.mariadbd(LAYOUT, PORTS)


def test_a_requeued_job_waits_seconds_instead_of_two_minutes() -> None:
    assert _settings()["AuthInfo"].endswith("cred_expire=5")


def test_job_numbers_start_at_the_given_one() -> None:
    assert _settings()["FirstJobId"] == "7"


def test_every_node_has_its_own_name_and_port() -> None:
    text = config.slurm_conf(LAYOUT, SlurmShape(), PORTS, "host", first_job=7)
    nodes = [line for line in text.splitlines() if line.startswith("NodeName")]
    assert [line.split(" CPUs")[0] for line in nodes] == [
        "NodeName=n1 NodeHostname=n1 NodeAddr=127.0.0.1 Port=4",
        "NodeName=n2 NodeHostname=n2 NodeAddr=127.0.0.1 Port=5",
    ]


def test_gpus_are_separate_devices() -> None:
    assert (
        config.gres_conf(LAYOUT, SlurmShape(gpus=8)) == "NodeName=n[1-2] Name=gpu Type=h100 File=/tmp/p/dev/gpu[0-7]\n"
    )


def test_killing_a_node_kills_all_that_runs_on_it() -> None:
    assert {"--pid", "--fork", "--kill-child"} <= set(commands.node(LAYOUT, "n1"))


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(is_open(port) for port in ports)
