"""Values that fit a JSON schema as pydantic writes it, or nearly: a strategy of hypothesis."""

from typing import Any

from hypothesis import strategies as st

MOST_KEYS = 4
DEEPEST = 4
NUMBERS = {
    "integer": st.sampled_from([0, 1, 2, 3, 16, 32, 1000, 2**32, -1]),
    "number": st.sampled_from([0.0, 0.5, 1.0, 2, 1e-3, 1e9, -1.0]),
    "boolean": st.booleans(),
    "null": st.none(),
    "string": st.sampled_from(["a", "tiny", "fid50", "kid50", "is20", "batch * 2", "ada < none", "", "32"]),
}


def fitting(schema: dict[str, Any], root: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values of `schema`, whose references point into `root`."""
    if "$ref" in schema:
        return st.deferred(lambda: fitting(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, depth))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return st.one_of([fitting(choice, root, depth) for choice in choices])
    if schema.get("type") == "array":
        items = _items(schema, root, depth)
        return st.builds(list) if depth > DEEPEST else st.lists(items, min_size=schema.get("minItems", 0), max_size=2)
    if schema.get("type") == "object":
        return st.builds(dict) if depth > DEEPEST else _objects(schema, root, depth)
    return NUMBERS.get(schema.get("type", ""), st.one_of(list(NUMBERS.values())))


def _items(schema: dict[str, Any], root: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    parts = schema.get("prefixItems") or [schema.get("items") or {}]
    return st.one_of([fitting(part, root, depth + 1) for part in parts])


@st.composite
def _objects(draw: st.DrawFn, schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    optional = sorted(set(properties) - set(required))
    chosen = draw(st.lists(st.sampled_from(optional), max_size=MOST_KEYS, unique=True)) if optional else []
    made = {key: draw(fitting(properties[key], root, depth + 1)) for key in [*required, *chosen]}
    more = schema.get("additionalProperties")
    if isinstance(more, dict) and draw(st.booleans()):
        made["some"] = draw(fitting(more, root, depth + 1))
    return made
