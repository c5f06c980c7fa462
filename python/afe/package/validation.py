"""Every JSON and YAML member of an archive against its schema: `afe inspect --strict`.

The loader checks what running an archive relies on; this checks everything that is written down,
so that readers other than this project's find exactly the documented form.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from afe.archive import parse_json
from afe.errors import AfeError, ErrorCode
from afe.package.documents import parse_yaml
from afe.package.pipeline import PIPELINE_FILE

SCHEMAS = ("mpk", "manifest", "pipeline_sequence", "stage", "mla_stats", "mla_profile")

_BY_SUFFIX = {
    "_mpk.json": "mpk",
    "_manifest.json": "manifest",
    "_mla_stats.yaml": "mla_stats",
    "_mla_profile.yaml": "mla_profile",
}
_WITHOUT_SCHEMA = ("_mla.lm", "_mla.elf", "_a65.so", "_a65.h")


def schema_of(member: str) -> str | None:
    """The schema of a member, None for programs and headers; SCHEMA_ERROR for an unknown kind."""
    if member == PIPELINE_FILE:
        return "pipeline_sequence"
    if member.startswith("0_") and member.endswith(".json") and not member.endswith("_mpk.json"):
        return "stage"
    for suffix, schema in _BY_SUFFIX.items():
        if member.endswith(suffix):
            return schema
    if member.endswith(_WITHOUT_SCHEMA):
        return None
    raise AfeError(ErrorCode.SCHEMA_ERROR, f"no archive of this compiler has a member '{member}'")


@functools.cache
def load_schema(name: str) -> Mapping[str, Any]:
    """One of SCHEMAS as shipped with the package."""
    file = resources.files("afe.package.schemas") / f"{name}.json"
    schema: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def validate_members(members: Mapping[str, bytes]) -> list[str]:
    """Checks every member; the names of those that have a schema. AfeError SCHEMA_ERROR."""
    checked = []
    documents = {}
    for name, data in members.items():
        schema = schema_of(name)
        if schema is None:
            continue
        parse = parse_yaml if name.endswith(".yaml") else parse_json
        documents[name] = parse(data, name)
        _validate(name, documents[name], schema)
        checked.append(name)
    _check_pipeline(members, documents)
    return checked


def read_stats(name: str, data: bytes) -> list[dict[str, Any]]:
    """The rows of a `*_mla_stats.yaml`, checked; AfeError SCHEMA_ERROR."""
    document = parse_yaml(data, name)
    _validate(name, document, "mla_stats")
    return list(document.values())


def read_profile(name: str, data: bytes) -> dict[str, Any]:
    """A `*_mla_profile.yaml`, checked; AfeError SCHEMA_ERROR."""
    document: dict[str, Any] = parse_yaml(data, name)
    _validate(name, document, "mla_profile")
    return document


def _validate(name: str, document: object, schema: str) -> None:
    import jsonschema

    if schema == "mla_stats" and isinstance(document, dict):
        # Schemas know texts as keys alone; in YAML they are numbers.
        document = {str(key): row for key, row in document.items()}
    validator = jsonschema.Draft202012Validator(load_schema(schema))
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        where = "/".join(str(part) for part in error.absolute_path) or "the document"
        reason = error.message if len(error.message) < 300 else error.message[:300] + "…"
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{name}', {where}: {reason}")


def _check_pipeline(members: Mapping[str, bytes], documents: Mapping[str, Any]) -> None:
    """Every file that a stage of the pipeline names is a member."""
    pipelines = documents.get(PIPELINE_FILE, {"pipelines": []})["pipelines"]
    for stage in (stage for pipeline in pipelines for stage in pipeline["sequence"]):
        _demand(members, stage["configPath"], stage["name"])
        _demand(members, documents[stage["configPath"]]["model_path"], stage["name"])


def _demand(members: Mapping[str, bytes], file: str, stage: str) -> None:
    if file and file not in members:
        raise AfeError(
            ErrorCode.SCHEMA_ERROR, f"'{PIPELINE_FILE}': '{file}' of {stage} is no member"
        )
