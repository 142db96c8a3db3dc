"""Renders the templates below docs/results; an undefined name is an error, never empty text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from infra.results.source import parts_of
from infra.results.vocabulary import FILTERS
from trainer.errors import UserError


def render(results: Path, template: str, words: Mapping[str, Any]) -> str:
    """Return a rendered template below docs/results. Raises UserError with file and line."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: parts_of(results / name)[1]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    try:
        return environment.get_template(template).render(**words).lstrip("\n")
    except jinja2.TemplateSyntaxError as error:
        raise UserError(
            f"{results / (error.name or template)}:{error.lineno}", f"invalid template ({error.message})"
        ) from None
    except (jinja2.TemplateError, TypeError) as error:
        raise UserError(results / template, f"cannot be rendered ({error})") from None
