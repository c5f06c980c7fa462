"""Small compiled networks made by hand, and an MLA that computes a known function."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from afe.package.network import (
    EV74,
    MLA,
    Fallback,
    LayerEnd,
    MlaSegment,
    Network,
    PhysicalTensor,
    Port,
    Step,
    TensorType,
    Value,
)


def cycles(deterministic: int, stalls: int = 7, bound: int = 5) -> dict[str, Any]:
    """Figures of a segment."""
    return {
        "deterministic": deterministic,
        "busy": deterministic - 2,
        "planned_wait": 2,
        "stalls": stalls,
        "wall": deterministic + stalls,
        "lower_bound": bound,
        "bound_terms": {"mac": 1, "output": 2, "vector": 3, "dram": bound},
    }


def segment(
    name: str,
    inputs: tuple[PhysicalTensor, ...],
    outputs: tuple[PhysicalTensor, ...],
    batch: tuple[int, int] = (1, 1),
) -> MlaSegment:
    """A segment of three layers, two of which end together."""
    return MlaSegment(
        name,
        f"program of {name}".encode(),
        inputs,
        outputs,
        batch[0],
        batch[1],
        "" if batch[0] == batch[1] else "batch 3 needs 70000 bytes of L2",
        cycles(100),
        {"L1": 10, "L2": 20, "DRAM": 30},
        (LayerEnd("conv2d_0", 40), LayerEnd("pad_1", 99), LayerEnd("add_2", 99)),
    )


def quantized_network(batch: tuple[int, int] = (1, 1)) -> Network:
    """uint8 [b, 5, 3, 7] -> MLA_0 -> int8 [b, 2, 3, 19] in HWC16 -> dequantized float32."""
    images = batch[1]
    x = Value(0, TensorType("uint8", (images, 5, 3, 7)))
    y = Value(1, TensorType("int8", (images, 2, 3, 19)))
    z = Value(2, TensorType("float32", (images, 2, 3, 19)))
    mla = segment(
        "MLA_0",
        (PhysicalTensor("x", x.type, "HWC", images * 105),),
        (PhysicalTensor("y", y.type, "HWC16", images * 6 * 32),),
        batch,
    )
    steps = (
        Step(MLA, "MLA_0", (x,), (y,)),
        Step(EV74, "dequantization_transform", (y,), (z,), {"scale": 0.25, "zero_point": -3}),
    )
    return Network(
        (Port("x", x.type, 0.5, 128),),
        (Port("z", z.type),),
        (x,),
        (z,),
        steps,
        {"MLA_0": mla},
        fallbacks=(Fallback("ERF", "erf_3 at m.onnx:3", "no exact form", "use a table"),),
        desired_batch=batch[0],
        actual_batch=batch[1],
        batch_limit_reason=mla.batch_limit_reason,
    )


def two_port_network() -> Network:
    """int8 [1, 4], int32 [1, 3] -> MLA_0 -> int8 [1, 4], int32 [1, 3]; outputs of equal names."""
    a, b = Value(0, TensorType("int8", (1, 4))), Value(1, TensorType("int32", (1, 3)))
    c, d = Value(2, a.type), Value(3, b.type)
    tensors = (
        PhysicalTensor("a", a.type, "HWC", 4),
        PhysicalTensor("b", b.type, "HWC", 12),
    )
    return Network(
        (Port("a", a.type), Port("b", b.type)),
        (Port("out", c.type, 0.5, 1), Port("out", d.type)),
        (a, b),
        (c, d),
        (Step(MLA, "MLA_0", (a, b), (c, d)),),
        {"MLA_0": segment("MLA_0", tensors, tensors)},
    )


def with_manifest(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members with a manifest that agrees with them: an edit that only deeper checks find."""
    (name,) = (name for name in members if name.endswith("_manifest.json"))
    document = json.loads(members[name])
    document["files"] = [
        {"name": member, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for member, data in members.items()
        if member != name
    ]
    return members | {name: json.dumps(document).encode()}
