"""Static memory placement: buffers with live ranges to offsets, exactly or greedily.

    from afe.memory import Buffer, place
    placement = place([Buffer(0, 3, 4096), Buffer(2, 5, 8192)], capacity=16384, alignment=64)
    placement.offsets, placement.height, placement.gap

The solvers and their validator are lib/Memory; docs/placement.md says how the search works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from afe import _sim
from afe.errors import AfeError, ErrorCode

Method = Literal["exact", "best-fit", "first-fit"]
METHODS: tuple[Method, ...] = ("exact", "best-fit", "first-fit")
DEFAULT_STEPS = 1_000_000
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Buffer:
    """`size` bytes that live in [lower, upper); `alignment` None takes that of the call."""

    lower: int
    upper: int
    size: int
    alignment: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Offsets in bytes in the order of the buffers, and how good they are."""

    offsets: tuple[int, ...]
    fits: bool  # within the capacity; True where none was given
    height: int  # highest end
    max_live_load: int  # most bytes that live at one time, shared ones once
    lower_bound: int  # no placement is lower; at least max_live_load
    steps: int  # of the search; 0 where a greedy placement was good enough
    method: Method  # that found the offsets
    note: str  # what a budget of 0 or a used-up budget means; else ""
    failure: str  # why it does not fit, in one sentence; else ""
    fullest_time: int  # the moment at which most bytes live
    fullest_buffers: tuple[int, ...]  # the buffers that live then, largest first

    @property
    def gap(self) -> int:
        """Bytes above the maximum live load."""
        return self.height - self.max_live_load

    @property
    def optimal(self) -> bool:
        """Whether no placement can be lower."""
        return self.height == self.lower_bound

    def as_dict(self) -> Mapping[str, object]:
        """All fields and properties, for JSON."""
        fields = {name: getattr(self, name) for name in Placement.__slots__}
        return fields | {"gap": self.gap, "optimal": self.optimal}


def place(
    buffers: Sequence[Buffer],
    capacity: int | None = None,
    alignment: int = 1,
    steps: int = DEFAULT_STEPS,
    method: Method = "exact",
    *,
    lowest: bool = False,
    in_place: Sequence[tuple[int, int]] = (),
) -> Placement:
    """Places `buffers` within `capacity` bytes, or says why it cannot.

    Args:
        capacity: bytes; the search stops at the first placement within, or once there is none.
            None: the lowest placement is sought.
        alignment: of every buffer that names none of its own.
        steps: placements of single buffers that the exact search may try. The same steps give the
            same placement on every machine; 0 gives the better greedy placement and says so.
        method: "exact" searches if the greedy placements are not good enough.
        lowest: search for the least height, whether or not the capacity can be kept.
        in_place: pairs (source, result) of indices; `result` may start at the offset of `source`
            and share its bytes. The source's last moment must be the result's first.

    Raises:
        AfeError: INVALID_INPUT for buffers or pairs that make no sense, INVALID_OPTION for options.
    """
    _check_options(capacity, alignment, steps, method)
    specs = _specs(buffers, alignment)
    names = [b.name or f"buffer {i}" for i, b in enumerate(buffers)]
    low = lowest or capacity is None
    try:
        found = _sim.place_buffers(specs, capacity or 0, steps, method, low, in_place, names)
    except (ValueError, TypeError) as error:
        raise AfeError(ErrorCode.INVALID_INPUT, str(error)) from error
    fits = capacity is None or bool(found["fits"])
    wanted = found["height"] > found["lower_bound"] if low else not fits
    proven = capacity is not None and found["lower_bound"] > capacity and not low
    undecided = method == "exact" and wanted and not proven
    return Placement(
        offsets=tuple(found["offsets"]),
        fits=fits,
        height=found["height"],
        max_live_load=found["max_live_load"],
        lower_bound=found["lower_bound"],
        steps=found["steps"],
        method=found["method"],
        note=_note(steps, found["steps"], found["method"]) if undecided else "",
        failure="" if fits else found["failure"],
        fullest_time=found["fullest_time"],
        fullest_buffers=tuple(found["fullest_buffers"]),
    )


def validate(
    buffers: Sequence[Buffer],
    offsets: Sequence[int],
    capacity: int,
    alignment: int = 1,
    *,
    in_place: Sequence[tuple[int, int]] = (),
) -> str:
    """ "" if `offsets` are a legal placement, else a sentence about the first offence.

    The check shares nothing with the solvers.

    Raises:
        AfeError: INVALID_INPUT for buffers or pairs that make no sense.
    """
    try:
        specs = _specs(buffers, alignment)
        return _sim.validate_placement(specs, capacity, offsets, in_place)
    except (ValueError, TypeError) as error:
        raise AfeError(ErrorCode.INVALID_INPUT, str(error)) from error


def _note(allowed: int, used: int, method: str) -> str:
    if allowed == 0:
        return f"a budget of 0 steps: the {method} placement, nothing searched"
    if used >= allowed:
        return f"all {allowed} steps used: a lower placement may exist"
    return ""


def _check_options(capacity: int | None, alignment: int, steps: int, method: str) -> None:
    def fail(sentence: str) -> None:
        raise AfeError(ErrorCode.INVALID_OPTION, sentence)

    if capacity is not None and not 0 <= capacity < _LARGEST:
        fail(f"capacity is {capacity}, expected 0 to 2^62 - 1 bytes")
    if not 1 <= alignment < _LARGEST:
        fail(f"alignment is {alignment}, expected 1 to 2^62 - 1 bytes")
    if not 0 <= steps < _LARGEST:
        fail(f"steps is {steps}, expected 0 to 2^62 - 1")
    if method not in METHODS:
        fail(f"method is {method!r}, expected one of {', '.join(METHODS)}")


def _specs(buffers: Sequence[Buffer], alignment: int) -> list[tuple[int, int, int, int]]:
    """Tuples for the native module; numbers beyond 62 bits are refused by name."""
    specs = []
    for i, b in enumerate(buffers):
        own = alignment if b.alignment is None else b.alignment
        for what, value in (("lower", b.lower), ("upper", b.upper), ("size", b.size)):
            if not -_LARGEST < value < _LARGEST:
                name = b.name or f"buffer {i}"
                raise AfeError(ErrorCode.INVALID_INPUT, f"{name}: {what} is {value}, over 62 bits")
        specs.append((b.lower, b.upper, b.size, own))
    return specs
