"""Parsing the output of SLURM's commands: every form of a row, and what sites or failures print between rows."""

import json
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backends.slurm.accounting import consumed
from orchestrator.backends.slurm.poll import Poller
from orchestrator.backends.slurm.replies import (
    JOB,
    by_cluster,
    read_numbers,
    read_sacct,
    read_settings,
    read_squeue,
    read_submitted,
)
from orchestrator.backends.slurm.states import STATES, JobRow, meaning
from orchestrator.errors import BackendError
from tests.support.fuzzing import LASTING, fuzz_for
from trainer.errors import printable
from trainer.record import State

NOISE = st.sampled_from(
    [
        "CLUSTER: beta",
        "slurm_load_jobs: a notice of the site",
        "JOBID|INDEX|STATE|CODE|",
        "-----------",
        "|||||",
        "4711",
        "4711|0",
        "4711|0|PENDING",
        "4711|zero|PENDING|0|",
        "4711|0|to be seen|0|",
        "4711|0|PENDING|soon|",
        "\x1b[31mmaintenance\x1b[0m",
        "<html>",
    ]
)
numbers = st.integers(0, 4_000_000)
words = st.sampled_from(sorted(STATES))


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, JobRow, str]:
    """Return a key, its row, and the line of squeue with that row."""
    job, index, word = draw(numbers), draw(st.none() | st.integers(0, 99)), draw(words)
    code, signal = draw(st.integers(0, 255)), draw(st.integers(0, 64))
    status = code << 8 if draw(st.booleans()) else signal
    row = JobRow(word, status >> 8, status & 0x7F)
    blank = draw(st.sampled_from(["N/A", ""])) if index is None else str(index)
    pad = draw(st.sampled_from(["", "  "]))
    key = str(job) if index is None else f"{job}_{index}"
    return key, row, f"{job}{pad}|{blank}{pad}|{word}{pad}|{status}{pad}|"


@given(st.lists(rows(), max_size=8), st.lists(NOISE, max_size=4), st.randoms())
def test_rows_are_read_whatever_stands_between_them(
    reported: list[tuple[str, JobRow, str]], noise: list[str], order: Random
) -> None:
    lines = [line for _, _, line in reported]
    for line in noise:
        lines.insert(order.randrange(len(lines) + 1), line)
    assert read_squeue("\n".join(lines)).rows == _newest(reported)


def _newest(reported: Sequence[tuple[str, JobRow, str]]) -> dict[str, JobRow]:
    """Return the last row of each key; that of a sibling which a federation revoked says nothing about another row."""
    found: dict[str, JobRow] = {}
    for key, row, _ in reported:
        if row.word != "REVOKED" or key not in found:
            found[key] = row
    return found


@given(st.integers(0, 65535))
def test_every_wait_status_is_read(status: int) -> None:
    [row] = read_squeue(f"1|N/A|FAILED|{status}|").rows.values()
    assert isinstance(meaning(row), State)


@pytest.mark.parametrize("blank", ["N/A", "", "None"])
def test_a_missing_exit_code_is_none(blank: str) -> None:
    assert read_squeue(f"4711|0|PENDING|{blank}|").rows == {"4711_0": JobRow("PENDING")}


@pytest.mark.parametrize(
    ("indices", "found"),
    [
        ("[0-2]", {0, 1, 2}),
        ("[0-2,5%4]", {0, 1, 2, 5}),
        ("[0-10:5%1]", {0, 5, 10}),
        ("[1,4,...]", {1, 4, 5, 6, 7, 8, 9, 10, 11}),
        ("[0-2,...", {*range(12)}),
        ("0-2%2", {0, 1, 2}),
        ("[0-99999999]", {*range(12)}),
    ],
)
def test_elements_of_an_array_in_one_row_are_read_one_by_one(indices: str, found: set[int]) -> None:
    jobs = [f"85_{index}" for index in range(12)]
    waiting = {f"85_{index}": JobRow("PENDING") for index in found}
    assert read_sacct(f"85_{indices}|PENDING|0:0", jobs).rows == waiting
    assert read_squeue(f"85|{indices}|PENDING|0|", jobs).rows == waiting


def test_a_row_of_one_element_overrides_a_row_of_many() -> None:
    text = "85_3|RUNNING|0:0\n85_[1,...]|PENDING|0:0"
    assert read_sacct(text, ["85_3", "85_4"]).rows == {"85_3": JobRow("RUNNING"), "85_4": JobRow("PENDING")}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Submitted batch job 4711", "4711"),
        ("Submitted batch job 4711 on cluster beta", "4711@beta"),
        ("-----\n Your job 12 is the last\n--> ok\nSubmitted batch job 4711\n", "4711"),
        ("Welcome; job 2024 quota\n", None),
        ("", None),
        ("Submitted batch job 1\nSubmitted batch job 2", None),
        (f"Submitted batch job {'9' * 5000}", None),
    ],
)
def test_the_number_of_a_job_is_what_sbatch_says_and_not_what_a_banner_says(text: str, key: str | None) -> None:
    assert read_submitted(text) == key


def test_keys_are_sorted_by_the_cluster_they_name() -> None:
    assert by_cluster(["1_0", "1_0@beta", "2@b-1"]) == {
        "": {"1_0": "1_0"},
        "beta": {"1_0": "1_0@beta"},
        "b-1": {"2": "2@b-1"},
    }


ANYTHING = st.text(st.sampled_from("0123456789_|[]-,.%:+AZ N/\x00\x1b\n٣é") | st.characters(), max_size=60)
LINE = st.sampled_from(
    ["4711|0|PENDING|0|", "4711_[0-5%2]|PENDING|0:0", "4711_1|CANCELLED by 0|0:15", "4711|FAILED|1:0", "4711_0|3600"]
)


@st.composite
def malformed(draw: st.DrawFn) -> str:
    """Return output with pieces cut out, duplicated, or replaced by anything."""
    text = "\n".join(draw(st.lists(LINE, max_size=5)))
    for _ in range(draw(st.integers(0, 5))):
        first, last = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        text = text[:first] + draw(ANYTHING | st.just(text[first:last] * 2)) + text[last:]
    return text


def judge(text: str) -> None:
    """Parse a text in every way: only a temporary failure may be raised."""
    jobs = ["4711_0", "4711_1", "12@beta"]
    for answer in (read_squeue(text, jobs), read_sacct(text, jobs)):
        assert all(JOB.fullmatch(key) and isinstance(meaning(row), State) for key, row in answer.rows.items())
        json.dumps([*answer.rows, *answer.others])
    read_submitted(text), read_settings(text), read_numbers(text), consumed(text)
    failure = failure_of(text, jobs)
    assert failure is None or (failure.retryable and str(failure) == printable(str(failure)))


def failure_of(text: str, jobs: list[str]) -> BackendError | None:
    try:
        Poller(0.0, lambda _: text).rows(jobs)
    except BackendError as failure:
        return failure
    return None


@pytest.mark.parametrize(
    "text",
    [
        "4711|0|PENDING|" + "9" * 5000 + "|",
        "4711_[" + "9" * 5000 + "]|PENDING|0:0",
        "4711_[0-9:0]|PENDING|0:0",
        "4711|0|FAILED|127|",
    ],
)
def test_an_answer_with_odd_numbers_is_no_traceback(text: str) -> None:
    judge(text)


@LASTING
def test_no_answer_is_a_traceback(seconds: float) -> None:
    fuzz_for(seconds, malformed() | ANYTHING, judge)


def test_an_unreadable_line_on_a_missing_job_is_a_temporary_failure() -> None:
    with pytest.raises(BackendError, match=r"squeue: cannot be parsed: 4711 \| zero") as failure:
        Poller(0.0, lambda _: "4711 | zero").rows(["4711_0"])
    assert failure.value.retryable


def test_an_error_on_standard_output_is_not_an_empty_queue() -> None:
    with pytest.raises(BackendError, match="Unable to contact"):
        Poller(0.0, lambda _: "slurm_load_jobs error: Unable to contact slurm controller").rows(["4711_0"])


def test_notices_of_a_site_are_skipped_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    poller = Poller(0.0, lambda _: "\x1b[1mmaintenance tomorrow\n4711|0|RUNNING|0|\n")
    for _ in range(3):
        assert poller.rows(["4711_0"]) == {"4711_0": JobRow("RUNNING")}
    assert [record.getMessage() for record in caplog.records] == [
        "squeue: skipped, not a job: \\x1b[1mmaintenance tomorrow"
    ]


def test_jobs_of_another_cluster_are_asked_for_there() -> None:
    asked = list[Sequence[str]]()

    def ask(command: Sequence[str]) -> str:
        asked.append(command)
        return "CLUSTER: beta\n12|N/A|RUNNING|0|\n" if "--clusters=beta" in command else "12|N/A|PENDING|0|\n"

    assert Poller(0.0, ask).rows(["12", "12@beta"]) == {"12": JobRow("PENDING"), "12@beta": JobRow("RUNNING")}
    assert [command[0] for command in asked] == ["squeue", "squeue"]
