"""The reference of sweep files, from the types that read them and their notes."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from orchestrator.sweep.json_schema import sweep_schema
from orchestrator.sweep.key_notes import GROUPS, SWEEP
from orchestrator.sweep.setting_notes import SETTINGS

INTRODUCTION = """# Keys of a sweep file

[Sweeps](sweeps.md) explains how they work together. `sweeps/schema.json` offers the same in editors; `adasweep schema`
prints it. A preset decides about settings without a default."""


def keys_page() -> str:
    """Return the page with every key of a sweep file, its values, default and meaning."""
    schema = sweep_schema()
    settings = schema["$defs"]["Assignments"]["properties"]
    parts = [INTRODUCTION, "## The file", _table(SWEEP, schema["properties"])]
    parts += ["## Settings", "Dotted keys, as used in `base`, `cells`, `zip`, `grid`, `when` and `search`."]
    for group, keys in groupby(SETTINGS, key=lambda key: key.partition(".")[0]):
        notes = {key: SETTINGS[key] for key in keys}
        parts += [f"### {group}"] if len(notes) > 1 else []
        parts.append(_table(notes, settings))
    return "\n\n".join([*parts, *_groups(schema["$defs"])]) + "\n"


def _groups(definitions: Mapping[str, Any]) -> Iterator[str]:
    yield "## Groups and methods"
    for group in dict.fromkeys(key.partition(".")[0] for key in GROUPS):
        properties = definitions[group]["properties"]
        yield f"### {properties.get('type', {}).get('default', group.lower())}"
        yield definitions[group].get("description", "").partition("\n\n")[0].replace("\n", " ")
        yield _table({name: GROUPS[f"{group}.{name}"] for name in properties}, properties)


def _table(notes: Mapping[str, str], properties: Mapping[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_values(properties[key])} | {_default(properties[key])} | {note} |"
        for key, note in notes.items()
    ]
    return "\n".join(["| key | values | default | meaning |", "|---|---|---|---|", *rows])


def _values(schema: Mapping[str, Any]) -> str:
    """Return what a key accepts, in words."""
    if "anyOf" in schema or "oneOf" in schema:
        parts = [_values(one) for one in (schema.get("anyOf") or schema["oneOf"])]
        return ", ".join(dict.fromkeys(part for part in parts if part))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return "group"
    names = {
        "integer": "whole number",
        "boolean": "true or false",
        "string": "text",
        "array": "list",
        "object": "mapping",
    }
    kind = schema.get("type", "")
    return f"{names.get(kind, kind)}{_limits(schema)}"


def _limits(schema: Mapping[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return "".join(f" {sign} {schema[name]:g}" for name, sign in signs.items() if name in schema)


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) or isinstance(value, dict) else f"`{str(value).lower()}`"
