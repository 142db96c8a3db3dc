"""The types of the HTTP API in words, from its OpenAPI description."""

from collections.abc import Callable, Mapping
from typing import Any

JSON = "application/json"


def kind_of(schema: Mapping[str, Any], link: Callable[[str], str]) -> str:
    """Return a type in words; `link` makes the name of another type a link to it."""
    if "$ref" in schema:
        return link(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(kind_of(one, link) for one in schema["anyOf"])
    if "prefixItems" in schema:
        return f"list of {kind_of(schema['prefixItems'][0], link)}"
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}), link)}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind_of(schema['additionalProperties'], link)}"
    return str(schema.get("type", "any"))


def fields_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a type by name; of a list, what it is a list of, under no name."""
    return schema.get("properties") or ({"": schema} if schema.get("type") == "array" else {})


def answer_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the type of a request's answer."""
    found: Mapping[str, Any] = request["responses"]["200"].get("content", {}).get(JSON, {}).get("schema", {})
    return found


def body_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the type of what a request sends; an empty one if it sends nothing."""
    found: Mapping[str, Any] = request.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    return found
