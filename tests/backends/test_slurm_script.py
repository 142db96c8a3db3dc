"""Scripts rendered for profiles of real clusters: golden texts, and how bash runs them."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

import orchestrator
from orchestrator.backends.slurm.profile import PROFILES, Profile, StagingFolder, read_profile
from orchestrator.backends.slurm.script import JobArray, arrays
from orchestrator.store.frozen_code import LIVE
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources

GOLDEN = Path(__file__).parent / "golden" / "slurm"
STORE = Path("/lustre/me/store")


def array_for(profile: Profile, root: Path = STORE, code: Path = LIVE) -> JobArray:
    """Return an array of two trials with two GPUs."""
    needs = Resources(gpus=2, cpus=8, memory_gib=64)
    names = [f"{number:012x}" for number in (1, 2)]
    tasks = [Task(name, root / "trials" / name[:2] / name, 1, needs, code) for name in names]
    [array] = arrays(tasks, profile, root / "slurm", "/usr/bin/python3")
    return array


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_script_of_every_profile_that_ships_is_the_golden_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    text = array_for(read_profile(file)).script
    assert text.replace(str(Path(orchestrator.__file__).parent.parent), "/code") == (
        GOLDEN / f"{file.stem}.txt"
    ).read_text(encoding="utf-8")


def carried_out(array: JobArray, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script with an srun that prints its arguments."""
    (folder / "bin").mkdir()
    srun = folder / "bin" / "srun"
    srun.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@"\n'
        'echo "paths=$ADASWEEP_PATHS"\necho "scratch=$ADASWEEP_SCRATCH"\n'
        'echo "stage=$ADASWEEP_STAGE"\necho "code=$PYTHONPATH"\n'
    )
    srun.chmod(0o755)
    script = folder / "job.sh"
    script.write_text(array.script)
    environment = {**os.environ, **variables, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)


def test_a_line_of_setup_that_fails_ends_the_job_and_is_reported(tmp_path: Path) -> None:
    done = carried_out(array_for(Profile(setup=("true", "source ~/my env/bin/activate"))), tmp_path)
    assert done.returncode == 2
    assert "adasweep: setup of the profile failed: source ~/my env/bin/activate" in done.stderr
    assert done.stdout == ""


def test_setup_may_span_lines_and_ignore_what_it_wants_to(tmp_path: Path) -> None:
    lines = ("if false; then", "  echo no", "fi", "false || true", "export GREETING=hello")
    assert carried_out(array_for(Profile(setup=lines)), tmp_path).returncode == 0


def test_python_and_its_wrapper_start_the_job(tmp_path: Path) -> None:
    profile = Profile(wrapper="apptainer exec --bind $HERE image.sif", python="/opt/my env/bin/python")
    words = carried_out(array_for(profile), tmp_path, HERE="/scratch").stdout.split("\n")
    first = words.index("apptainer")
    assert words[first : first + 10] == [
        *("apptainer", "exec", "--bind", "/scratch", "image.sif"),
        *("/opt/my env/bin/python", "-P", "-u", "-m", "submitit.core._submit"),
    ]


def test_srun_gets_its_flags_quoted(tmp_path: Path) -> None:
    profile = Profile(
        srun={"container-image": "a b#c.sqsh", "no-container-mount-home": True, "container-writable": False}
    )
    words = carried_out(array_for(profile), tmp_path).stdout.split("\n")
    assert "--container-image=a b#c.sqsh" in words
    assert "--no-container-mount-home" in words
    assert "--container-writable" not in words


def test_all_paths_given_to_a_node_are_valid_on_the_node(tmp_path: Path) -> None:
    profile = Profile(paths={"/lustre": "/somewhere/else", "/lustre/me": "/mnt/my files"})
    array = array_for(profile, code=Path("/lustre/me/store/code/abc"))
    done = carried_out(array, tmp_path)
    assert f"/mnt/my files/store/slurm/{array.folder.name}" in done.stdout.split("\n")
    assert "code=/mnt/my files/store/code/abc" in done.stdout
    assert 'paths={"/lustre": "/somewhere/else", "/lustre/me": "/mnt/my files"}' in done.stdout
    outputs = [line for line in array.script.split("\n") if line.startswith(("#SBATCH --output", "#SBATCH --error"))]
    assert len(outputs) == 2
    assert all(shlex.split(line)[1].partition("=")[2].startswith("/mnt/my files/store/slurm/") for line in outputs)
    assert array.folder.is_relative_to("/lustre/me")
    assert array.path_inside(array.tasks[0].directory).is_relative_to("/mnt/my files")


def test_logs_are_written_by_the_node_and_all_else_by_the_container(tmp_path: Path) -> None:
    profile = Profile(paths={"/lustre/me": "/mnt/me"}, container_paths={"/mnt/me": "/work", "/lustre": "/all"})
    array = array_for(profile)
    words = carried_out(array, tmp_path).stdout.split("\n")
    assert words[words.index("--output") + 1].startswith("/mnt/me/store/slurm/")
    assert f"/work/store/slurm/{array.folder.name}" in words
    assert array.path_inside(Path("/lustre/other")) == Path("/all/other")


def test_a_node_without_the_folder_of_its_own_disk_says_so(tmp_path: Path) -> None:
    array = array_for(Profile(scratch="$LOCAL_DISK"))
    missing = carried_out(array, tmp_path)
    assert missing.returncode != 0
    assert "is empty: see scratch in the profile" in missing.stderr


def test_images_are_decoded_on_the_nodes_own_disk(tmp_path: Path) -> None:
    done = carried_out(array_for(Profile(scratch="$LOCAL_DISK/a b")), tmp_path, LOCAL_DISK="/disk")
    assert "scratch=/disk/a b" in done.stdout


def test_archives_are_copied_to_the_nodes_own_disk_or_the_job_says_why_not(tmp_path: Path) -> None:
    array = array_for(Profile(stage=StagingFolder(to="$TMP_OF_JOB/data")))
    assert "stage=/tmp/7/data" in carried_out(array, tmp_path, TMP_OF_JOB="/tmp/7").stdout
    (tmp_path / "without").mkdir()
    missing = carried_out(array_for(Profile(stage=StagingFolder(to="$TMP_OF_JOB"))), tmp_path / "without")
    assert missing.returncode != 0
    assert "is empty: see stage in the profile" in missing.stderr
