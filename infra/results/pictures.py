"""The figures of a page: drawn from its packs, verified against them, and compared with those of the repository."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from analysis.errors import FigureError
from analysis.figures.provenance import SUFFIX, Provenance
from analysis.figures.render import render_all
from analysis.figures.trace import embedded
from analysis.figures.verify import verify
from infra.results.evidence import PackedResults

KINDS = (".png", ".csv", SUFFIX)
OF_THE_CODE = {"id", "code"}
"""What may differ between a figure of the repository and one drawn today: which code drew it."""


def draw(results: PackedResults, names: Sequence[str]) -> dict[str, bytes]:
    """Draw figures, and return their files by name. Raises FigureError where one fails, or does not verify."""
    drawn = render_all(names, results.runs, results.curves)
    if drawn.bugs:
        raise drawn.bugs[0]
    store, sweep = results.runs.store, results.runs.plan.sweep
    checked = [figure for figure in verify(store, sweep) if figure.figure in names]
    problems = [*drawn.problems, *(f"{one.figure}: {text}" for one in checked for text in one.differences)]
    if problems:
        raise FigureError("\n".join(problems))
    return {f"{name}{kind}": (store.figures(sweep) / f"{name}{kind}").read_bytes() for name in names for kind in KINDS}


def different_provenance(there: Path, made: bytes) -> Iterator[str]:
    """Say what a provenance file says otherwise than the one made today, and what is wrong with its picture."""
    try:
        origin = Provenance.model_validate_json(there.read_bytes())
    except ValidationError as error:
        yield f"{there}: is not a provenance file ({error.errors()[0]['msg']})"
        return
    if origin.content_id() != origin.id:
        yield f"{there}: was edited"
    today = Provenance.model_validate_json(made)
    fields = sorted(set(Provenance.model_fields) - OF_THE_CODE)
    changed = [field for field in fields if getattr(origin, field) != getattr(today, field)]
    if changed:
        yield f"{there}: {', '.join(changed)} differ from those of the packs"
    picture = there.with_name(there.name.removesuffix(SUFFIX) + ".png")
    if picture.exists() and (embedded(picture) or {}).get("id") != origin.id:
        yield f"{picture}: belongs to another version of the figure than {there.name}"
