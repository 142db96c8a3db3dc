"""Jinja2 environments for pages: all text is escaped, control characters too, and nothing undefined passes."""

import jinja2

from trainer.errors import printable


def html_templates(package: str) -> jinja2.Environment:
    """Return the templates in the folder `templates` of a package."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        finalize=lambda value: printable(value, "\n\t") if type(value) is str else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
