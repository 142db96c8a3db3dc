"""The images for clusters: what they name exists, their steps work, and they build where docker or Apptainer runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.packaging.building import ROOT, copied_sources, environment

CONTAINERS = ROOT / "infra" / "containers"
DOCKERFILE, DEFINITION = CONTAINERS / "Dockerfile", CONTAINERS / "adasweep.def"
SCRIPT = re.compile(r"bash (\S+\.sh)(.*)")
BUILD_SECONDS = 3600


def instructions() -> list[list[str]]:
    """Return the instructions of the Dockerfile as words, continuation lines joined, without comments."""
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#"))
    return [line.split() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def stages() -> list[dict[str, list[str]]]:
    """Return the stages of the Apptainer definition: the lines of each header and section."""
    found: list[dict[str, list[str]]] = []
    section = ""
    for line in filter(None, (line.strip() for line in DEFINITION.read_text().splitlines())):
        if line.startswith("#"):
            continue
        if line.startswith("Bootstrap:"):
            found.append({})
            section = "header"
        section = line if line.startswith("%") else section
        found[-1].setdefault(section, []).extend([] if line.startswith("%") else [line])
    return found


def scripts(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Return the project's scripts that lines call, by file name, with their arguments."""
    calls = [match for line in lines if (match := SCRIPT.search(line))]
    return [(Path(match[1]).name, match[2].split()) for match in calls]


def test_the_dockerfile_consists_of_known_instructions_and_copies_what_exists() -> None:
    words = instructions()
    assert {line[0] for line in words} == {"FROM", "RUN", "COPY", "ENV", "CMD"}
    copied = [name for line in words if line[0] == "COPY" and not line[1].startswith("--") for name in line[1:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    built = {line[3] for line in words if line[0] == "FROM" and len(line) == 4}
    assert {word.partition("=")[2] for line in words for word in line if word.startswith("--from=")} == built


def test_the_definition_copies_what_exists() -> None:
    build, final = stages()
    copied = [line.split()[0] for line in (*build["%files"], *final["%files"])]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "Stage: build" in build["header"]
    assert final["%files from build"] == ["/wheels /wheels"]


def test_both_images_have_the_same_bases_and_run_the_same_scripts() -> None:
    words = instructions()
    bases = [line[1] for line in words if line[0] == "FROM"]
    assert [line.split()[1] for stage in stages() for line in stage["header"] if line.startswith("From:")] == bases
    runs = [" ".join(line[1:]) for line in words if line[0] == "RUN"]
    both = scripts(runs)
    assert scripts([line for stage in stages() for line in stage["%post"]]) == both
    assert [name for name, _ in both] == ["build_wheel.sh", "install.sh"]
    assert all((CONTAINERS / name).is_file() for name, _ in both)


def test_the_profile_for_apptainer_names_the_python_of_the_image() -> None:
    (_, arguments) = scripts(stages()[-1]["%post"])[0]
    profile = YAML(typ="safe").load(ROOT / "infra" / "profiles" / "apptainer.yaml")
    assert profile["python"] == f"{arguments[0]}/bin/python"


@pytest.mark.timeout(600)
def test_the_steps_of_both_images_install_the_command_into_an_empty_environment(tmp_path: Path) -> None:
    """Without network: pip finds the packages of these tests, as it would find those of an index."""
    python, sources = environment(tmp_path), copied_sources(tmp_path)
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "python3"  # `python3 -m venv FOLDER` of the image: an environment that sees setuptools
    fake.write_text(f'#!/bin/sh\ncp -a "{tmp_path / "venv"}/." "$3"\n')
    fake.chmod(0o755)
    variables = {**os.environ, "PIP_NO_INDEX": "1", "ADASWEEP_WHEEL_OPS": "", "PYTHONPATH": ""}
    variables["PATH"] = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    wheels = str(tmp_path / "wheels")
    run = {"check": False, "capture_output": True, "text": True, "env": variables}
    built = subprocess.run(["bash", CONTAINERS / "build_wheel.sh", sources, wheels], **run)  # type: ignore[call-overload]
    assert built.returncode == 0, built.stderr
    words = ["bash", CONTAINERS / "install.sh", python.parents[1], wheels, ROOT / "requirements.lock"]
    done = subprocess.run(words, **run)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert "adasweep 0." in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_docker_builds_the_image_and_its_command_runs() -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("docker's daemon does not respond")
    subprocess.run(["docker", "build", "-f", str(DOCKERFILE), "-t", "adasweep-test", str(ROOT)], check=True)
    done = subprocess.run(["docker", "run", "--rm", "adasweep-test", "adasweep", "--version"], capture_output=True)
    assert b"cuda operations: native" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.skipif(shutil.which("apptainer") is None, reason="Apptainer is not installed")
def test_apptainer_builds_the_image_and_its_command_runs(tmp_path: Path) -> None:
    image = tmp_path / "adasweep.sif"
    subprocess.run(["apptainer", "build", str(image), str(DEFINITION)], check=True, cwd=ROOT)
    done = subprocess.run(["apptainer", "exec", str(image), "adasweep", "--version"], capture_output=True, check=True)
    assert b"cuda operations: native" in done.stdout
