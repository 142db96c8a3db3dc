"""Renders the templates below docs/results: strictly, so that what is not there is an error and never empty."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from infra.results.source import parts_of
from infra.results.vocabulary import FILTERS
from trainer.errors import UserError


def render(results: Path, template: str, words: Mapping[str, Any]) -> str:
    """Return a template below docs/results filled in. Raises UserError in one line, with file and line."""
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
            f"{results / (error.name or template)}:{error.lineno}", f"is not a template ({error.message})"
        ) from None
    except (jinja2.TemplateError, TypeError) as error:
        raise UserError(results / template, f"cannot be filled in ({error})") from None
