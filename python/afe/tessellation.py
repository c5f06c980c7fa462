"""How tensors lie in DRAM where they enter or leave the MLA, as a user asks for it.

`tessellate_parameters` of `Model.compile` maps a tensor's name to its parameters. Two forms are
known: `TensorTessellateParameters`, and the older one, a list of tile sizes per dimension.
`state_tessellation` writes them on the segments of a partitioned module.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

from afe.errors import AfeError, ErrorCode

if TYPE_CHECKING:
    from afe import ir

Sizes = tuple[int, int, int, int]


class TensorDRAMLayout(Enum):
    """Layouts of activations in DRAM."""

    HWC = "HWC"
    """Dense: rows, columns, channels."""
    HWC16 = "HWC16"
    """Channels padded to a multiple of 16."""


@dataclass(frozen=True)
class TensorTessellateParameters:
    """How one tensor lies in DRAM.

    `tile_shape` is [N, H, W, C] of a tile, 0 for all of that dimension (N: frames are cut one by
    one, so 0 or 1). `enable_mla` leaves cutting and joining to the MLA: the EV74 has nothing to do,
    the frame lies whole and the MLA moves it tile by tile; otherwise the EV74 does it and tiles lie
    one behind the other. `dram_layout` None is HWC for an input and
    HWC16 for an output. `dram_shape` states the frame in DRAM as [N, H, W, C], zeros for what
    follows from the layout; another shape than that is refused.
    """

    tile_shape: Sizes = (0, 0, 0, 0)
    enable_mla: bool = False
    dram_layout: TensorDRAMLayout | None = None
    dram_shape: Sizes | None = None

    def recorded(self) -> dict[str, Any]:
        """JSON-able values."""
        layout = self.dram_layout.value if self.dram_layout else None
        return asdict(self) | {"dram_layout": layout}


TessellateParameters = Mapping[str, TensorTessellateParameters | Sequence[Sequence[int]]]
"""Parameters by tensor name, in either form."""

Tessellation = tuple[tuple[str, TensorTessellateParameters], ...]
"""Checked parameters, in the order of the names."""


def checked_tessellation(parameters: object) -> Tessellation:
    """Parameters of either form, by name; AfeError INVALID_OPTION names what is wrong."""
    if isinstance(parameters, (list, tuple)) and all(_is_pair(entry) for entry in parameters):
        if len(dict(parameters)) != len(parameters):
            _refuse("name a tensor twice")
        parameters = dict(parameters)
    if parameters is None:
        return ()
    if not isinstance(parameters, Mapping):
        _refuse("must be a dictionary: tensor name to TensorTessellateParameters")
    return tuple((name, _checked(name, parameters[name])) for name in sorted(parameters, key=str))


def parse_tessellation(text: str) -> tuple[str, TensorTessellateParameters]:
    """`NAME=HxWxC,mla|ev74,HWC|HWC16` of the command line, any part left out; INVALID_OPTION."""
    name, equals, rest = text.rpartition("=")
    if not name or not equals:
        _refuse(f"'{text}' must be NAME=HxWxC,mla|ev74,HWC|HWC16")
    values: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        if part in ("mla", "ev74"):
            values["enable_mla"] = part == "mla"
        elif part in TensorDRAMLayout.__members__:
            values["dram_layout"] = TensorDRAMLayout[part]
        elif len(sizes := part.split("x")) == 3 and all(s.isascii() and s.isdigit() for s in sizes):
            values["tile_shape"] = (0, *(int(size) for size in sizes))
        else:
            _refuse(f"'{text}': '{part}' is neither HxWxC, mla, ev74, HWC nor HWC16")
    return name, _checked(name, TensorTessellateParameters(**values))


def state_tessellation(module: ir.Module, tessellation: Tessellation) -> None:
    """Writes `input_dram` and `output_dram` on the segments that read or write the tensors named.

    Raises AfeError INVALID_OPTION for a name that no segment has, or sizes that do not fit.
    """
    if not tessellation:
        return
    from afe import ir

    segments = [op.operation for op in module.body.operations if op.operation.name == "mla.segment"]
    borders = [border for segment in segments for border in _borders(segment)]
    known = list(dict.fromkeys(alias for border in borders for alias in border.aliases))
    for name, _ in tessellation:
        if name not in known:
            _unknown(name, known)
    with module.context:
        for segment in segments:
            for is_input, attribute in ((True, "input_dram"), (False, "output_dram")):
                sides = [border for border in _borders(segment) if border.is_input is is_input]
                if any(border.parameters(tessellation) for border in sides):
                    texts = [_attribute_text(border, tessellation) for border in sides]
                    segment.attributes[attribute] = ir.Attribute.parse(f"[{', '.join(texts)}]")


@dataclass(frozen=True, slots=True)
class MlaTensors:
    """Names of the tensors at the border of an MLA segment, in its order."""

    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


def border_names(module: ir.Module) -> dict[str, MlaTensors]:
    """The names of every segment of a partitioned module."""
    segments = [op.operation for op in module.body.operations if op.operation.name == "mla.segment"]
    named = {}
    for segment in segments:
        borders = _borders(segment)
        named[segment.attributes["sym_name"].value] = MlaTensors(
            tuple(border.name for border in borders if border.is_input),
            tuple(border.name for border in borders if not border.is_input),
        )
    return named


@dataclass(frozen=True, slots=True)
class Border:
    """A tensor at the border of an MLA segment; `shape` is [N, H, W, C]."""

    segment: str
    index: int
    name: str
    is_input: bool
    shape: tuple[int, ...]

    @property
    def aliases(self) -> tuple[str, str]:
        """The tensor's name in the model, and its place: `MLA_0/placeholder_0` or `…/output_0`."""
        place = "placeholder" if self.is_input else "output"
        return self.name, f"{self.segment}/{place}_{self.index}"

    def parameters(self, tessellation: Tessellation) -> TensorTessellateParameters | None:
        """What is asked for it, the name of its place first."""
        asked = dict(tessellation)
        return next((asked[alias] for alias in reversed(self.aliases) if alias in asked), None)

    def tile(self, tessellation: Tessellation) -> tuple[int, int, int] | None:
        """Rows, columns and channels of a tile; None where the frame lies whole."""
        asked = self.parameters(tessellation)
        if asked is None or not any(asked.tile_shape[1:]):
            return None
        rows, columns, channels = (
            min(size or full, full)
            for size, full in zip(asked.tile_shape[1:], self.shape[1:], strict=True)
        )
        return rows, columns, channels

    def by_mla(self, tessellation: Tessellation) -> bool:
        """Whether the EV74 has nothing to do for it."""
        asked = self.parameters(tessellation)
        return asked is not None and asked.enable_mla


def _borders(segment: Any) -> list[Border]:
    block = segment.regions[0].blocks[0]
    results = list(block.operations)[-1].operation.operands
    name = segment.attributes["sym_name"].value
    sides = ((True, "input_names", list(block.arguments)), (False, "output_names", list(results)))
    return [
        Border(name, index, text.value, is_input, _frames(value))
        for is_input, key, values in sides
        for index, (text, value) in enumerate(zip(segment.attributes[key], values, strict=True))
    ]


def _frames(value: ir.Value) -> tuple[int, ...]:
    """[N, H, W, C] as the MLA sees a tensor of another rank: rows first, columns last."""
    from afe import ir

    shape = [int(size) for size in ir.RankedTensorType(value.type).shape]
    if len(shape) < 2:
        return (1, 1, 1, *(shape or [1]))
    return (shape[0], *shape[1:-1], *[1] * (4 - len(shape)), shape[-1])


def _attribute_text(border: Border, tessellation: Tessellation) -> str:
    """`#mla.dram<…>` for the border, checked."""
    asked = border.parameters(tessellation) or TensorTessellateParameters()
    default = TensorDRAMLayout.HWC if border.is_input else TensorDRAMLayout.HWC16
    layout = asked.dram_layout or default
    channels = border.shape[3]
    if border.is_input and asked.enable_mla and layout is TensorDRAMLayout.HWC16 and channels % 16:
        _refuse(
            f"'{border.name}' has {channels} channels, and without the EV74 nobody pads them to 16:"
            " use dram_layout HWC (the MLA reads it as it is), or enable_mla=False"
        )
    padded = -(-channels // 16) * 16 if layout is TensorDRAMLayout.HWC16 else channels
    in_dram = (*border.shape[:3], padded)
    if any(asked.dram_shape or ()) and tuple(asked.dram_shape or ()) != in_dram:
        _refuse(f"dram_shape of '{border.name}' is {asked.dram_shape}, in DRAM it is {in_dram}")
    tile = border.tile(tessellation)
    if tile is None:
        return f"#mla.dram<{layout.value.lower()}>"
    if tile[2] < channels and tile[2] % 16:
        _refuse(
            f"tile_shape of '{border.name}' cuts {channels} channels into parts of {tile[2]}; "
            "parts are multiples of 16, or 0 for all channels"
        )
    packed = "" if asked.enable_mla else ", packed = true"
    return f"#mla.dram<{layout.value.lower()}, tile = {list(tile)}{packed}>"


# --- checks --------------------------------------------------------------------------------------


def _is_pair(entry: object) -> bool:
    return isinstance(entry, tuple) and len(entry) == 2


def _checked(name: object, value: object) -> TensorTessellateParameters:
    if not isinstance(name, str) or not name:
        _refuse(f"has the key {name!r}; keys are names of tensors")
    if isinstance(value, (list, tuple)):
        return TensorTessellateParameters(_sizes_of_lists(name, value))
    if not isinstance(value, TensorTessellateParameters):
        _refuse(
            f"'{name}' is {value!r}; expected TensorTessellateParameters or a list of tile sizes "
            "per dimension, as [[], [224], [3]]"
        )
    tile = _sizes(name, "tile_shape", value.tile_shape)
    if tile[0] > 1:
        _refuse(f"tile_shape of '{name}' holds {tile[0]} frames; frames are cut one by one: use 0")
    if value.dram_layout is not None and not isinstance(value.dram_layout, TensorDRAMLayout):
        _refuse(f"dram_layout of '{name}' is {value.dram_layout!r}, expected a TensorDRAMLayout")
    shape = None if value.dram_shape is None else _sizes(name, "dram_shape", value.dram_shape)
    return TensorTessellateParameters(tile, bool(value.enable_mla), value.dram_layout, shape)


def _sizes(name: str, what: str, value: object) -> Sizes:
    sizes = list(value) if isinstance(value, (list, tuple)) else []
    if len(sizes) != 4 or any(type(size) is not int or size < 0 for size in sizes):
        _refuse(f"{what} of '{name}' is {value!r}; expected four sizes [N, H, W, C], 0 for all")
    return sizes[0], sizes[1], sizes[2], sizes[3]


def _sizes_of_lists(name: str, lists: Sequence[object]) -> Sizes:
    """[H, W, C] (or [N, H, W, C]) lists of tile sizes: [] is the whole dimension."""
    if len(lists) not in (3, 4):
        _refuse(f"'{name}' has {len(lists)} lists of tile sizes; expected rows, columns, channels")
    sizes = [_size_of_list(name, entry) for entry in lists]
    batch, rows, columns, channels = [0] * (4 - len(sizes)) + sizes
    return _sizes(name, "the list", (batch, rows, columns, channels))


def _size_of_list(name: str, entry: object) -> int:
    """The tiles' size in one dimension: equal ones, the last of which may be smaller."""
    if not isinstance(entry, (list, tuple)) or any(type(size) is not int for size in entry):
        _refuse(f"'{name}' has {entry!r} among its lists; expected a list of tile sizes")
    if len(set(entry[:-1])) > 1 or (entry and entry[-1] > entry[0]):
        _refuse(f"'{name}' has tiles of {list(entry)}; they must be equal, the last may be smaller")
    return int(entry[0]) if entry else 0


def _unknown(name: str, known: Sequence[str]) -> NoReturn:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = "did you mean " + " or ".join(f"'{entry}'" for entry in near) + "?"
    listed = ", ".join(f"'{entry}'" for entry in known)
    _refuse(
        f"names '{name}', which enters or leaves no MLA segment; "
        + (hint if near else f"known are {listed}")
    )


def _refuse(text: str) -> NoReturn:
    raise AfeError(ErrorCode.INVALID_OPTION, f"tessellate_parameters {text}")
