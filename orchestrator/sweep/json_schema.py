"""The JSON schema of sweep files, for completion and help in editors."""

from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from orchestrator.sweep.key_notes import GROUPS, SWEEP
from orchestrator.sweep.keys import models_in, settable
from orchestrator.sweep.reader import WHOLE_FILE
from orchestrator.sweep.setting_notes import SETTINGS
from orchestrator.sweep.spec import SweepSpec

ID = "https://json-schema.org/draft/2020-12/schema"


def sweep_schema() -> dict[str, Any]:
    """Return the schema of SweepSpec, with all dotted keys listed wherever settings are assigned."""
    schema = SweepSpec.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    values = {key: _value(fields, definitions) | {"description": SETTINGS[key]} for key, fields in settable().items()}
    definitions["Assignments"] = _closed(values)
    definitions["Axes"] = _closed(
        {key: {"type": "array", "minItems": 1, "items": value} for key, value in values.items()}
    )
    matches = {key: {"anyOf": [value, {"type": "array", "items": value}]} for key, value in values.items()}
    definitions["Conditions"] = _closed(matches)
    properties = schema["properties"]
    _refer(properties, base="Assignments", grid="Axes", zip="Axes")
    _refer(definitions["When"]["properties"], **{"if": "Conditions", "set": "Assignments", "grid": "Axes"})
    space = definitions["Search"]["properties"]["space"]
    space |= {"properties": dict.fromkeys(values, space.pop("additionalProperties")), "additionalProperties": False}
    for dimension in ("Uniform", "LogUniform", "Whole", "Choice"):
        _refer(definitions[dimension]["properties"], when="Conditions")
    derived = properties["derive"]
    derived |= {"properties": dict.fromkeys(values, derived.pop("additionalProperties")), "additionalProperties": False}
    _describe(properties, definitions)
    properties["cells"]["additionalProperties"] = {"$ref": "#/$defs/Assignments"}
    properties["exclude"]["items"] = {"$ref": "#/$defs/Conditions"}
    parts = {key: value for key, value in properties.items() if key not in WHOLE_FILE}
    definitions["Tier"] = _closed(parts) | {"description": "What is different at this size; null removes a key."}
    properties["tiers"]["additionalProperties"] = {"$ref": "#/$defs/Tier"}
    return {"$schema": ID, **schema}


def _describe(properties: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Add the sentence about every key of the file and of its groups."""
    for key, note in SWEEP.items():
        properties[key]["description"] = note
    for key, note in GROUPS.items():
        group, _, name = key.partition(".")
        definitions[group]["properties"][name]["description"] = note


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _refer(properties: dict[str, Any], **targets: str) -> None:
    for key, target in targets.items():
        kept = {name: properties[key][name] for name in ("description", "title", "default") if name in properties[key]}
        properties[key] = {"$ref": f"#/$defs/{target}", **kept}


def _value(fields: list[FieldInfo], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value; a tagged choice may be given by its name."""
    found = [_field_schema(field, definitions) for field in fields]
    models = [model for field in fields for model in models_in(field.annotation) if "type" in model.model_fields]
    names = list(dict.fromkeys(model.model_fields["type"].default for model in models))
    found += [{"enum": names}] if names else []
    return found[0] if len(found) == 1 else {"anyOf": found}


def _field_schema(field: FieldInfo, definitions: dict[str, Any]) -> dict[str, Any]:
    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    schema = TypeAdapter(annotation).json_schema(ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    return schema | ({"description": field.description} if field.description else {})
