"""A table of a sweep's seeds as repetitions of one experiment: how the score of each cell went with each seed."""

from collections.abc import Sequence
from typing import NamedTuple

from infra.results.evidence import PackedResults
from infra.results.numbers import by_seed
from infra.results.tables import markdown_table, number

READINGS = ("best", "best_kimg", "last")


class Course(NamedTuple):
    """The score of one run: its best, after how many thousand images, and its last."""

    best: float
    best_kimg: float
    last: float

    @property
    def rise(self) -> float:
        """How many times its best the score is in the end."""
        return self.last / self.best


def repetitions(results: PackedResults, *cells: str) -> dict[int, tuple[Course, ...]]:
    """Return the courses of the cells by seed, for the seeds that have finished in all of them."""
    of_cells = [_courses(results, cell) for cell in cells]
    seeds = sorted(set.intersection(*(set(courses) for courses in of_cells)))
    return {seed: tuple(courses[seed] for courses in of_cells) for seed in seeds}


def repetition_table(results: PackedResults, *cells: str) -> str:
    """Return one row per seed: for each cell the best score, where, the last, and how many times the best that is."""
    headings = ["seed", *(f"{cell}: {what}" for cell in cells for what in ("best", "at kimg", "last", "last / best"))]
    rows = [[str(seed), *_shown(courses)] for seed, courses in repetitions(results, *cells).items()]
    return markdown_table(headings, rows)


def seeds_that_turn(results: PackedResults, turning: str, steady: str, factor: float) -> int:
    """Return with how many seeds the score ends at `factor` times its best or more in `turning`, not in `steady`."""
    courses = repetitions(results, turning, steady).values()
    return sum(turned.rise >= factor > kept.rise for turned, kept in courses)


def _courses(results: PackedResults, cell: str) -> dict[int, Course]:
    readings = [by_seed(results, cell, reading) for reading in READINGS]
    return {seed: Course(*(values[seed] for values in readings)) for seed in readings[0]}


def _shown(courses: Sequence[Course]) -> list[str]:
    return [number(value) for course in courses for value in (*course, course.rise)]
