"""Every option of a compilation, as one frozen dataclass.

The command line's flags, the keyword arguments of `Model.compile` and the pass pipelines all read
this class; a new option is one field here. `help` and `flag` of a field's metadata are what
`afe compile --help` shows; the flag of a field that is True by default turns it off.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from afe.errors import AfeError, ErrorCode
from afe.tessellation import TensorTessellateParameters, checked_tessellation

MAX_BATCH_SIZE = 4096
MAX_THREADS = 256
MAX_DIMENSION = 1 << 24
MAX_NAME_BYTES = 180
"""Longest name of an archive; file names end at 255 bytes and suffixes come behind it."""

EFFORTS = ("low", "default", "high")
OPTIMISATIONS = (
    "cascades",
    "compression",
    "exact-placement",
    "in-place-concats",
    "in-place-sums",
)
"""What can be disabled; lib/Scheduling/Options.cpp has the same names."""

_NAME = re.compile(r"[\w+@=-][\w.+@=-]*", re.UNICODE)


def _option(
    default: Any, text: str, *, metavar: str = "", flag: str = "", shapes_archive: bool = True
) -> Any:
    metadata = {"help": text, "metavar": metavar, "flag": flag, "shapes_archive": shapes_archive}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """What a user can ask of one compilation.

    Construction checks every value; a wrong one raises AfeError INVALID_OPTION.
    """

    name: str | None = _option(
        None,
        "the archive is called NAME_mpk.tar.gz (default: the model's name)",
        metavar="NAME",
        shapes_archive=False,
    )
    target: str = _option(
        "mlsoc",
        "a name listed by 'afe targets', or a .yaml file",
        metavar="NAME|FILE",
        shapes_archive=False,
    )
    batch_size: int = _option(
        1, "compile for the largest batch that fits, up to N images", metavar="N"
    )
    threads: int = _option(
        1, "threads of the compiler; the archive is the same", metavar="N", shapes_archive=False
    )
    effort: str = _option(
        "default", "how far to search for a schedule: low, default or high", metavar="EFFORT"
    )
    disable: tuple[str, ...] = _option(
        (),
        "leave out an optimisation (may be repeated): " + ", ".join(OPTIMISATIONS),
        metavar="NAME",
    )
    arm_only: bool = _option(
        False, "leave everything to the Cortex-A65, nothing to the MLA, to compare the two"
    )
    compress: bool = _option(
        True, "store weights in DRAM as they are, without compression", flag="--no-compress"
    )
    binary_suffix: str = _option(
        "lm", "suffix of the MLA programs in the archive: lm or elf", metavar="SUFFIX"
    )
    tessellate_parameters: tuple[tuple[str, TensorTessellateParameters], ...] = _option(
        (),
        "how a tensor lies in DRAM at the MLA's border (may be repeated): tile, who cuts it, "
        "layout, as image=8x28x0,ev74,HWC16",
        metavar="NAME=HxWxC,mla|ev74,HWC|HWC16",
        flag="--tessellate",
    )
    keep_layer_outputs: bool = _option(
        False, "every layer's result becomes an output of the archive, for debugging"
    )
    isolate_layers: bool = _option(
        False,
        "every layer reads new inputs of the archive, not the layers before it, for debugging",
    )
    dump_phases_to: str | None = _option(
        None,
        "write the module after every phase into DIR, as 01-import.mlir and so on",
        metavar="DIR",
        flag="--dump-phases",
        shapes_archive=False,
    )
    retained_temporary_directory_name: str | None = _option(
        None,
        "keep the intermediate files in DIR: phases' modules, the archive's members, the report",
        metavar="DIR",
        flag="--retain",
        shapes_archive=False,
    )
    mlir_print_ir_before_all: bool = _option(
        False, "print the module before every pass (stderr)", shapes_archive=False
    )
    mlir_print_ir_after_all: bool = _option(
        False, "print the module after every pass (stderr)", shapes_archive=False
    )
    mlir_print_ir_after_change: bool = _option(
        False, "print the module after every pass that changed it (stderr)", shapes_archive=False
    )
    mlir_timing: bool = _option(
        False, "print the time of every pass (stderr)", shapes_archive=False
    )
    mlir_pass_statistics: bool = _option(
        False, "print the statistics of every pass (stderr)", shapes_archive=False
    )
    mlir_pass_pipeline_crash_reproducer: str | None = _option(
        None,
        "where a pass fails, write a file from which mlir-opt tools repeat it",
        metavar="FILE",
        shapes_archive=False,
    )

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        _check_text("target", self.target)
        _check_count("batch_size", self.batch_size, MAX_BATCH_SIZE)
        _check_count("threads", self.threads, MAX_THREADS)
        if self.effort not in EFFORTS:
            raise _invalid("effort", self.effort, ", ".join(EFFORTS))
        object.__setattr__(self, "disable", _check_disabled(self.disable))
        _check_bool("compress", self.compress)
        checked = checked_tessellation(self.tessellate_parameters)
        object.__setattr__(self, "tessellate_parameters", checked)
        if self.retained_temporary_directory_name is not None:
            _check_text("retained_temporary_directory_name", self.retained_temporary_directory_name)
        if self.binary_suffix not in ("lm", "elf"):
            raise _invalid("binary_suffix", self.binary_suffix, "'lm' or 'elf'")

    @property
    def solver_arguments(self) -> str:
        """Effort and disabled optimisations as options of a pass pipeline."""
        names = {*self.disable, *(() if self.compress else ("compression",))}
        disabled = f" disable={','.join(sorted(names))}" if names else ""
        return f"effort={self.effort}{disabled}"

    @property
    def prints_ir(self) -> bool:
        """Whether modules are printed between passes."""
        return (
            self.mlir_print_ir_before_all
            or self.mlir_print_ir_after_all
            or self.mlir_print_ir_after_change
        )

    def recorded(self) -> dict[str, Any]:
        """What the manifest keeps: the options that shape the archive.

        Name and target are stated there by themselves; a path of this machine is not.
        """
        options = {
            option.name: getattr(self, option.name)
            for option in fields(self)
            if option.metadata["shapes_archive"]
        }
        tessellation = {name: asked.recorded() for name, asked in self.tessellate_parameters}
        return options | {"tessellate_parameters": tessellation}

    @classmethod
    def from_keywords(
        cls, keywords: Mapping[str, Any], others: Sequence[str] = ()
    ) -> CompileOptions:
        """The options given by keyword; an unknown keyword is an error that names the nearest.

        `others` are keywords that the caller has beside them.
        """
        known = [option.name for option in fields(cls)]
        for keyword in keywords:
            if keyword not in known:
                near = difflib.get_close_matches(keyword, [*known, *others], n=1)
                hint = f"did you mean '{near[0]}'?" if near else "known are " + ", ".join(known)
                raise AfeError(ErrorCode.INVALID_OPTION, f"unknown option '{keyword}'; {hint}")
        return cls(**keywords)


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a model file is read. Construction checks; a wrong value is AfeError INVALID_OPTION.

    `dimensions` gives sizes to an ONNX model's symbolic dimensions, by name; `signature` chooses
    one of a TFLite model's entry points.
    """

    dimensions: Mapping[str, int] = field(default_factory=dict)
    signature: str | None = None

    def __post_init__(self) -> None:
        for name, size in self.dimensions.items():
            _check_count(f"dimensions[{name!r}]", size, MAX_DIMENSION)
        if self.signature is not None:
            _check_text("signature", self.signature)

    @property
    def is_default(self) -> bool:
        """Whether nothing is asked for."""
        return not self.dimensions and self.signature is None


def flag_of(option_name: str, flag: str = "") -> str:
    """The command line's spelling of an option: `batch_size` is `--batch-size`."""
    return flag or "--" + option_name.replace("_", "-")


def check_name(name: object) -> str:
    """`name` if it can be part of a file name, else AfeError INVALID_OPTION."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _invalid("name", name, "letters, digits and any of . _ + @ = - without a path")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise _invalid("name", name, f"at most {MAX_NAME_BYTES} bytes")
    return name


def parse_dimensions(texts: Sequence[str]) -> dict[str, int]:
    """`name=size` texts of the command line as sizes by name; AfeError INVALID_OPTION."""
    sizes: dict[str, int] = {}
    for text in texts:
        name, equals, size = text.rpartition("=")
        if not name or not equals or not (size.isascii() and size.isdigit()) or len(size) > 10:
            raise _invalid("dim", text, "name=size, the size a whole number")
        if sizes.setdefault(name, int(size)) != int(size):
            raise _invalid("dim", text, "one size per name")
    return sizes


def name_from(model_name: str) -> str:
    """A valid archive name made of any model's name: other characters become `_`."""
    name = re.sub(r"[^\w.+@=-]", "_", model_name).lstrip(".") or "model"
    return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def _check_text(option: str, value: object) -> None:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _invalid(option, value, "a name or a file")


def _check_bool(option: str, value: object) -> None:
    if not isinstance(value, bool):
        raise _invalid(option, value, "True or False")


def _check_disabled(value: object) -> tuple[str, ...]:
    """The names, each once, in order: equal requests are equal options."""
    if isinstance(value, (list, tuple)) and all(name in OPTIMISATIONS for name in value):
        return tuple(sorted(set(value)))
    wrong = value
    if isinstance(value, (list, tuple)):
        wrong = next(name for name in value if name not in OPTIMISATIONS)
    raise _invalid("disable", wrong, "a list of any of " + ", ".join(OPTIMISATIONS))


def _check_count(option: str, value: object, largest: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= largest:
        raise _invalid(option, value, f"a whole number from 1 to {largest}")


def _invalid(option: str, value: object, allowed: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, f"option '{option}' is {value!r}; allowed: {allowed}")
