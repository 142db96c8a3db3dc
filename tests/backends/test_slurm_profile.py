"""Profiles of clusters."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrator
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.flags import REFUSED, contradictions
from orchestrator.backends.slurm.profile import PROFILES, Profile, chosen_profile, read_profile
from orchestrator.backends.slurm.reference import reference
from orchestrator.errors import PlanError, SweepError
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from orchestrator.sweep.yaml_source import load
from trainer.config.job import Resources

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "cluster.md"


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADASWEEP_PROFILE", raising=False)


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_profile_that_ships_is_valid(file: Path) -> None:
    read_profile(file)


def test_a_profile_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADASWEEP_PROFILE", "throwaway")
    assert chosen_profile(tmp_path) == read_profile(PROFILES / "throwaway.yaml")


def test_a_profile_is_chosen_by_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("partition: big\n")
    (tmp_path / "MINE.YML").write_text("partition: bigger\n")
    monkeypatch.chdir(tmp_path)
    for name, partition in ((str(tmp_path / "mine.yaml"), "big"), ("mine.yaml", "big"), ("MINE.YML", "bigger")):
        monkeypatch.setenv("ADASWEEP_PROFILE", name)
        assert chosen_profile(tmp_path / "store").partition == partition


def test_an_unknown_name_is_reported_with_the_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADASWEEP_PROFILE", "throwawy")
    with pytest.raises(PlanError, match="did you mean 'throwaway'"):
        chosen_profile(tmp_path)


def test_a_store_may_have_its_own(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text("qos: short\n")
    assert chosen_profile(tmp_path).qos == "short"


def test_without_any_the_cluster_decides(tmp_path: Path) -> None:
    assert chosen_profile(tmp_path) == Profile()


MISTAKES = [
    ("\npartitions: a\n", "mine.yaml:2: partitions: is not a setting; did you mean 'partition'?"),
    ("mem: 8G\n", "mine.yaml:1: mem: is not a setting: set memory_gib in the resources of the sweep"),
    ("gres: gpu:1\n", "mine.yaml:1: gres: is not a setting: set gpus in the resources of the sweep, and gpu_type"),
    ("time: 60\n", "mine.yaml:1: time: is not a setting: set minutes in the profile"),
    ("node: {memory: 5}\n", "mine.yaml:1: node.memory: is not a setting; did you mean 'memory_gib'?"),
    ("stage: {folder: $TMPDIR, to: $TMPDIR}\n", "mine.yaml:1: stage.folder: is not a setting; there are to"),
    ("minutes: 2 days\n", "mine.yaml:1: minutes: must be a number of minutes; write 2880"),
    ("signal_seconds: soon\n", "mine.yaml:1: signal_seconds:"),
    ("flags: {array: 1-3}\n", "mine.yaml:1: flags.array: is set by adasweep"),
    ("flags: {nodes: 2}\n", "mine.yaml:1: flags.nodes: a job is one task on one node; set gpus and cpus in"),
    ("flags: {time: '10:00'}\n", "mine.yaml:1: flags.time: set minutes in the profile"),
    ("flags: {mem: 4G}\n", "mine.yaml:1: flags.mem: set memory_gib in the resources of the sweep"),
    ("flags: {gres: 'gpu:1'}\n", "mine.yaml:1: flags.gres: set gpus in the resources of the sweep, and gpu_type"),
    ("flags: {tim: 10}\n", "mine.yaml:1: flags.tim: is short for time"),
    ("flags: {partition: a}\n", "mine.yaml:1: flags.partition: has its own key in the profile"),
    ("flags: {quiet: true}\n", "mine.yaml:1: flags.quiet: adasweep reads the job number"),
    ("flags: {mail_type: END}\n", "mine.yaml:1: flags.mail_type: is not a long flag; write mail-type"),
    ("flags: {--exclusive: true}\n", "mine.yaml:1: flags.--exclusive: is not a long flag; write exclusive"),
    ("flags: {'a b': true}\n", "mine.yaml:1: flags.a b: is not a flag"),
    ("flags: {exclude: [a]}\n", "mine.yaml:1: flags.exclude"),
    ("srun: {ntasks: 2}\n", "mine.yaml:1: srun.ntasks: a job is one task on one node"),
    ("srun: {unbuffered: true}\n", "mine.yaml:1: srun.unbuffered: is set by adasweep"),
    ("minutes: 04:00:00\n", "mine.yaml:1: minutes: must be a number of minutes; write 240"),
    ("minutes: 1-12\n", "mine.yaml:1: minutes: must be a number of minutes; write 2160"),
    ("minutes: '30:00'\n", "mine.yaml:1: minutes: must be a number of minutes; write 30"),
    ("minutes: 2\n", "signal_seconds: 120 must be less than minutes: 2"),
    ("partition: 'gpu long; rm -rf x'\n", "mine.yaml:1: partition:"),
    ('partition: "a\\nb"\n', "mine.yaml:1: partition:"),
    ('setup: [module load a, "b\\nc"]\n', "mine.yaml:1: setup[1]:"),
    ("setup: module load a\n", "mine.yaml:1: setup: must be a list, not 'module load a'; write ['module load a']"),
    ("wrapper: [apptainer, exec]\n", "mine.yaml:1: wrapper:"),
    ("scratch: $(rm -rf /)\n", "mine.yaml:1: scratch:"),
    ("paths: {home: /mnt}\n", "mine.yaml:1: paths.home"),
    ("flags: {1: 2}\n", "mine.yaml:1: flags[1]: is not a flag"),
    ("flags: {nice: .inf}\n", "mine.yaml:1: flags.nice: is neither text, a whole number, nor true or false"),
    ('flags: {comment: "a\\nb"}\n', "mine.yaml:1: flags.comment: must be one line of text, not 'a\\nb'"),
    ("gpu_type: gpu:h100\n", "mine.yaml:1: gpu_type: must be a name without blanks or quotes, not 'gpu:h100'"),
    ("account: 0123\n", "mine.yaml:1: account: is read as 123, not as text; put it in quotes"),
    ("python: ~/env/bin/python\n", "mine.yaml:1: python: must be a command or a path, without ~ and $"),
    ("python: $HOME/env/bin/python\n", "mine.yaml:1: python: must be a command or a path, without ~ and $"),
    ("minutes: 99999999\n", "mine.yaml:1: minutes:"),
    ("signal_seconds: 70000\n", "mine.yaml:1: signal_seconds:"),
    ("setup: ['if true; then']\n", "mine.yaml:1: setup: is not a shell command: syntax error"),
    ("setup: ['cat <<END', echo]\n", "mine.yaml:1: setup: is not a shell command: warning: here-document"),
    ("wrapper: apptainer exec 'x\n", "mine.yaml:1: wrapper: is not a shell command: unexpected EOF"),
    ("wrapper: module load a; b\n", "mine.yaml:1: wrapper: ends at ;, before Python; put other commands into setup"),
    ("wrapper: cd /work && b\n", "mine.yaml:1: wrapper: ends at &&, before Python"),
    ("wrapper: b | tee log\n", "mine.yaml:1: wrapper: ends at |, before Python"),
    ("wrapper: 'b # c'\n", "mine.yaml:1: wrapper: ends at #, before Python"),
    ("wrapper: b &\n", "mine.yaml:1: wrapper: ends at &, before Python"),
    ("wrapper: b \\\n", "mine.yaml:1: wrapper: ends at \\, before Python"),
    ("[a]\n", "mine.yaml"),
    ("- a\n", "mine.yaml"),
    ("a: [\n", "mine.yaml"),
]


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_mistakes_are_reported_with_their_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(SweepError) as error:
        read_profile(file)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    "wrapper",
    [
        "apptainer exec --bind $HERE,$(realpath \"$A\" | head -1):/b 'img;1.sif'",
        'env A="a # b; \\" c" B=${C#d} E=f#g 2>&1',
        "bash -c 'module load a && exec \"$@\"' --",
        r"run a\;b `hostname | cut -c1`",
    ],
)
def test_a_wrapper_may_hold_quoted_operators_and_substitutions(tmp_path: Path, wrapper: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"wrapper: {json.dumps(wrapper)}\n")
    assert read_profile(file).wrapper == wrapper


def test_all_mistakes_of_a_profile_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("partiton: gpu\nflags: {time: 10, mem: 4G}\nthrottle: 0\n")
    with pytest.raises(SweepError) as error:
        read_profile(file)
    assert sorted(problem.key for problem in error.value.problems) == [
        "flags.mem",
        "flags.time",
        "partiton",
        "throttle",
    ]


@given(st.sampled_from(sorted(REFUSED)), st.integers(1, 20))
def test_no_refused_flag_gets_through_by_its_first_letters(flag: str, length: int) -> None:
    assert [short for short, _ in contradictions({flag[:length]: True}, REFUSED)] == [flag[:length]]


@pytest.mark.parametrize(
    "flag",
    ["mail-type", "mail-user", "exclusive", "nice", "comment", "exclude", "nodelist", "licenses", "wckey", "tmp"],
)
def test_flags_that_contradict_nothing_are_passed_on(flag: str) -> None:
    assert list(contradictions({flag: True}, REFUSED)) == []


def test_the_reference_of_keys_in_the_documentation_is_the_present_one() -> None:
    assert reference() in DOCUMENTATION.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"gpus": 8, "cpus": 96, "memory_gib": 1000}, ""),
        ({"gpus": 9}, "gpus: 9 exceeds the 8 of the profile's largest node"),
        ({"cpus": 97}, "cpus: 97 exceeds the 96"),
        ({"memory_gib": 1000.5}, ""),
    ],
)
def test_what_no_node_has_is_refused_by_plan(tmp_path: Path, wanted: dict[str, float], message: str) -> None:
    profile = Profile.model_validate({"node": {"gpus": 8, "cpus": 96}})
    found = SlurmBackend(Store(tmp_path), profile).lacks(Resources.model_validate(wanted))
    assert found.startswith(message)
    assert bool(found) == bool(message)


GOLDEN = Path(__file__).parent / "golden"
COMPLETE = read_profile(GOLDEN / "every_key.yaml")


def rendered(profile: Profile) -> str:
    """Return what `run --dry-run` prints for four trials with two GPUs and one too large for any node."""
    root = Path("/lustre/me/store")
    backend = SlurmBackend(Store(root), profile, python="/usr/bin/python3")
    needs = Resources(gpus=2, cpus=8, memory_gib=64)
    tasks = [Task(f"{number:012x}", root / "trials" / f"{number:012x}", 1, needs) for number in range(1, 5)]
    text = backend.render(tasks).text.replace(str(Path(orchestrator.__file__).parent.parent), "/code")
    return f"{text}\n# refused: {backend.lacks(Resources(gpus=16)) or 'nothing'}\n"


def test_a_profile_with_every_documented_key_renders_the_golden_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert rendered(COMPLETE) == (GOLDEN / "every_key.txt").read_text(encoding="utf-8")
    assert set(load(GOLDEN / "every_key.yaml").values) == set(Profile.model_fields), (
        "a documented key is in no golden text"
    )


@pytest.mark.parametrize("key", Profile.model_fields)
def test_every_documented_key_shows_in_the_golden_text(key: str) -> None:
    without = COMPLETE.model_copy(update={key: Profile.model_fields[key].default})
    assert rendered(without) != rendered(COMPLETE)


def test_a_profile_that_is_a_link_leading_nowhere_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADASWEEP_PROFILE", raising=False)
    (tmp_path / "slurm.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(SweepError, match=r"slurm\.yaml: file: No such file"):
        chosen_profile(tmp_path)
