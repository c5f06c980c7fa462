"""Target descriptions: `targets/*.yaml` checked against the field table, as `#mla.target<…>` text.

The field table is lib/Target/Target.def, the same text the C++ side includes: a field exists for
Python exactly when it exists for the compiler and the simulator.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afe.errors import AfeError, ErrorCode

_FIELD = re.compile(
    r"^TARGET_FIELD\(\s*(\w+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,"
    r'\s*"([^"]*)"\s*,\s*"([^"]*)"\s*,\s*"([^"]*)"\s*\)',
    re.MULTILINE,
)
_LOAD_RATES = (32, 64, 128)
_MAX_YAML_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class TargetField:
    """One number of the machine model; provenance: P public, I inferred, A assumed."""

    name: str
    default: int
    minimum: int
    maximum: int
    provenance: str
    unit: str
    doc: str


@dataclass(frozen=True, slots=True)
class Target:
    """A checked target description with a value for every field of the table."""

    name: str
    fields: Mapping[str, int]

    def as_dict(self) -> dict[str, str | int]:
        """Name and fields in one mapping: the form `target_from_mapping` reads."""
        return {"name": self.name, **self.fields}

    @property
    def fingerprint(self) -> int:
        """FNV-1a over the name and all fields, eight bytes each: Target::hash of C++."""
        fields = b"".join(value.to_bytes(8, "little") for value in self.fields.values())
        result = 0xCBF29CE484222325
        for byte in self.name.encode() + fields:
            result = (result ^ byte) * 0x100000001B3 % (1 << 64)
        return result

    def attribute_text(self) -> str:
        """The module attribute the C++ side reads."""
        values = ", ".join(f"{name} = {value} : i64" for name, value in self.fields.items())
        return f'#mla.target<"{self.name}", {{{values}}}>'


def load_target(name_or_file: str) -> Target:
    """The target called so, or described by the `.yaml` file of that path.

    Raises AfeError INVALID_TARGET (unknown name, field, nonsense value) or FILE_NOT_FOUND.
    """
    if "/" in name_or_file or name_or_file.endswith((".yaml", ".yml")):
        path = Path(name_or_file)
        if not path.is_file():
            raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no target file '{path}'")
        return _read(path)
    path = _data_folder("targets") / f"{name_or_file}.yaml"
    if name_or_file not in target_names():
        raise AfeError(
            ErrorCode.INVALID_TARGET,
            f"unknown target '{name_or_file}'; known are {', '.join(target_names())}, "
            "or give a .yaml file",
        )
    return _read(path)


@functools.cache
def target_names() -> tuple[str, ...]:
    """Names of the targets that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _data_folder("targets").glob("*.yaml")))


@functools.cache
def field_table() -> Mapping[str, TargetField]:
    """Every field of the machine model, in the table's order."""
    text = (_data_folder("Target.def")).read_text(encoding="utf-8")
    found = {
        match[1]: TargetField(
            match[1], int(match[2]), int(match[3]), int(match[4]), match[5], match[6], match[7]
        )
        for match in _FIELD.finditer(text)
    }
    if len(found) != len(re.findall(r"^TARGET_FIELD\(", text, re.MULTILINE)):
        raise AfeError(ErrorCode.INTERNAL, "Target.def holds a line that is not understood")
    return found


def target_from_mapping(content: Mapping[object, object], origin: str) -> Target:
    """A target of `name` and some fields; fields left out have their defaults.

    `origin` names the source in errors (AfeError INVALID_TARGET).
    """
    table = field_table()
    name = content.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise _invalid(origin, f"field 'name' is {name!r}, allowed is a word of letters and digits")
    values = {field.name: field.default for field in table.values()}
    for key, value in content.items():
        if key == "name":
            continue
        if key not in table:
            near = difflib.get_close_matches(str(key), table, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise _invalid(origin, f"unknown field '{key}'{hint}")
        values[str(key)] = _checked(origin, table[str(key)], value)
    _check_agreement(origin, values)
    return Target(name, values)


def _checked(origin: str, field: TargetField, value: object) -> int:
    integral = isinstance(value, int) and not isinstance(value, bool)
    if not integral or not field.minimum <= int(str(value)) <= field.maximum:
        unit = f" {field.unit}" if field.unit else ""
        raise _invalid(
            origin,
            f"field '{field.name}' is {value!r}, allowed is "
            f"{field.minimum} to {field.maximum}{unit}",
        )
    return int(str(value))


def _check_agreement(origin: str, values: Mapping[str, int]) -> None:
    """What single ranges cannot say; the same rules as Target::check in C++."""
    refresh, period = values["dram_refresh_cycles"], values["dram_refresh_period"]
    if refresh >= period:
        raise _invalid(
            origin,
            f"field 'dram_refresh_cycles' is {refresh}, allowed is 0 to {period - 1} "
            "(below dram_refresh_period)",
        )
    if values["load_rate_max"] not in _LOAD_RATES:
        raise _invalid(
            origin, f"field 'load_rate_max' is {values['load_rate_max']}, allowed is 32, 64 or 128"
        )


def _read(path: Path) -> Target:
    return target_from_mapping(_read_yaml(path), str(path))


def _read_yaml(path: Path) -> dict[object, object]:
    import yaml

    try:
        data = path.read_bytes()
        if len(data) > _MAX_YAML_BYTES:
            raise _invalid(str(path), f"{len(data)} bytes are too many for a target description")
        content: Any = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first_line = str(error).splitlines()[0] if str(error) else "malformed"
        raise _invalid(str(path), f"not YAML: {first_line}") from error
    if not isinstance(content, dict):
        raise _invalid(str(path), "expected a mapping of field names to numbers")
    return content


def _data_folder(entry: str) -> Path:
    """`entry` of the installed package's data, or of the source tree where it is not installed."""
    installed = Path(__file__).parent / "data" / entry
    if installed.exists():
        return installed
    root = Path(__file__).resolve().parents[2]
    return root / ("targets" if entry == "targets" else "lib/Target/Target.def")


def _invalid(origin: str, text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_TARGET, f"target '{origin}': {text}")
