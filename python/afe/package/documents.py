"""YAML members, read as hostile: bounded size and depth, no aliases, no repeated key."""

from __future__ import annotations

from typing import Any

import yaml

from afe.archive import MAX_JSON_BYTES, MAX_JSON_DEPTH
from afe.errors import AfeError, ErrorCode

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Plain values only; a key that occurs twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, if its keys differ."""
        result: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(result) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key occurs twice")
        return result


def parse_yaml(data: bytes, origin: str) -> Any:
    """The document's plain values; AfeError SCHEMA_ERROR or SIZE_LIMIT_EXCEEDED."""
    if len(data) > MAX_JSON_BYTES:
        raise AfeError(ErrorCode.SIZE_LIMIT_EXCEEDED, f"'{origin}' is too large for YAML")
    try:
        _check_events(data, origin)
        return yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{origin}' is not YAML: {reason}") from error


def _check_events(data: bytes, origin: str) -> None:
    """Depth and aliases, before the recursive composer sees them."""
    depth = 0
    for event in yaml.parse(data, Loader=_Base):
        if isinstance(event, yaml.AliasEvent):
            raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{origin}' has aliases, which are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_JSON_DEPTH:
            raise AfeError(
                ErrorCode.SCHEMA_ERROR, f"'{origin}' nests deeper than {MAX_JSON_DEPTH} levels"
            )
