"""The figures of a page: drawn from its packs, verified, and compared with those in the repository."""

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
CODE_FIELDS = {"id", "code"}
"""The provenance fields that depend on the version of the code that drew the figure."""


def draw(results: PackedResults, names: Sequence[str]) -> dict[str, bytes]:
    """Draw figures and return their files by name. Raises FigureError if one cannot be drawn or verified."""
    drawn = render_all(names, results.runs, results.curves)
    if drawn.bugs:
        raise drawn.bugs[0]
    store, sweep = results.runs.store, results.runs.plan.sweep
    checked = [figure for figure in verify(store, sweep) if figure.figure in names]
    problems = [*drawn.problems, *(f"{one.figure}: {text}" for one in checked for text in one.differences)]
    if problems:
        raise FigureError("\n".join(problems))
    return {f"{name}{kind}": (store.figures(sweep) / f"{name}{kind}").read_bytes() for name in names for kind in KINDS}


def different_provenance(path: Path, made: bytes) -> Iterator[str]:
    """Yield how a provenance file differs from the generated one, and whether its picture belongs to it."""
    try:
        origin = Provenance.model_validate_json(path.read_bytes())
    except ValidationError as error:
        yield f"{path}: not a provenance file ({error.errors()[0]['msg']})"
        return
    if origin.content_id() != origin.id:
        yield f"{path}: was edited"
    generated = Provenance.model_validate_json(made)
    fields = sorted(set(Provenance.model_fields) - CODE_FIELDS)
    changed = [field for field in fields if getattr(origin, field) != getattr(generated, field)]
    if changed:
        yield f"{path}: {', '.join(changed)} differ from those of the packs"
    picture = path.with_name(path.name.removesuffix(SUFFIX) + ".png")
    if picture.exists() and (embedded(picture) or {}).get("id") != origin.id:
        yield f"{picture}: belongs to another version of the figure than {path.name}"
