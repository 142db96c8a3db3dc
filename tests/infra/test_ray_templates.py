"""Templates for real Ray clusters, checked against available schemas."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra.ray.cluster import RayRecord, RayShape, head_command, node_command
from infra.ray.templates import TEMPLATES

RECORDED = RayRecord(shape=RayShape(), port=6399, dashboard=8299, token="0" * 64, owner=None)


def _yaml(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(TEMPLATES[name])


def test_ray_up_template_fits_rays_own_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    ray = pytest.importorskip("ray")
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(_yaml("ray-up"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_yaml("ray-up") | {"cluster_nam": "x"}, schema)


def test_kuberay_template_asks_for_a_token_and_shares_the_store() -> None:
    cluster = _yaml("kuberay")
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    pods = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    for pod in (group["template"]["spec"] for group in pods):
        assert pod["volumes"] == [{"name": "store", "persistentVolumeClaim": {"claimName": "STORE_CLAIM"}}]
        assert [container["volumeMounts"] for container in pod["containers"]] == [
            [{"name": "store", "mountPath": "/store"}]
        ]


def test_script_for_ray_on_slurm_is_valid_shell() -> None:
    subprocess.run(["bash", "-n", str(TEMPLATES["slurm"])], check=True)


def test_local_nodes_stay_on_the_loopback_interface() -> None:
    head, node = head_command(Path("/tmp/p"), RECORDED), node_command(RECORDED, 1)
    assert {"--node-ip-address=127.0.0.2", "--dashboard-host=127.0.0.1"} <= set(head)
    assert {"--address=127.0.0.2:6399", "--node-ip-address=127.0.0.4"} <= set(node)
