"""Everything on the Cortex-A65: a TOSA module's @main as one segment, compiled and emulated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from afe import ir
from afe.a65 import compile_segments
from afe.a65.segments import segment_of_main
from afe.package.read_module import elements_bytes, plain, tensor_type
from afe.runtime.a65_emulator import run
from numpy.typing import NDArray
from reference.tosa_numpy import evaluate, type_of

Array = NDArray[Any]


def parse(text: str) -> ir.Module:
    """A module in a context of its own."""
    return ir.Module.parse(text, context=ir.Context())


def binary_of(made: ir.Module) -> tuple[bytes, dict[str, Any]]:
    """The shared object and the figures of a compiled module's only binary."""
    (binary,) = [op.operation for op in made.body.operations]
    return elements_bytes(binary.attributes["so"]), plain(binary.attributes["stats"])


def compiled(module: ir.Module) -> tuple[bytes, dict[str, Any]]:
    """@main as a shared object, and its figures; `module` is consumed."""
    made = segment_of_main(module)
    compile_segments(made)
    return binary_of(made)


def run_on_a65(module: ir.Module, inputs: Sequence[Array]) -> list[Array]:
    """The results of @main, computed by the emulated code; `module` is consumed."""
    main = next(op for op in module.body.operations if op.operation.name == "func.func").operation
    results = list(main.regions[0].blocks[0].operations)[-1].operation.operands
    types = [tensor_type(value.type) for value in results]
    shared_object, stats = compiled(module)
    return run(shared_object, stats["function"], inputs, types)


def random_inputs(module: ir.Module, seed: int) -> list[Array]:
    """Arrays for @main: whole range of the integers, f32 around -4 to 4."""
    main = next(op for op in module.body.operations if op.operation.name == "func.func").operation
    generator = np.random.default_rng(seed)
    arrays: list[Array] = []
    for argument in main.regions[0].blocks[0].arguments:
        shape, dtype = type_of(argument)
        if dtype.kind == "f":
            arrays.append((generator.standard_normal(shape) * 2).astype(dtype))
        elif dtype.kind == "b":
            arrays.append(generator.integers(0, 2, shape).astype(dtype))
        else:
            limits = np.iinfo(dtype)
            # i32 stands for accumulators: far enough from overflow.
            span = min(limits.max, 1 << 24)
            low = max(limits.min, -span)
            arrays.append(generator.integers(low, span, shape, endpoint=True).astype(dtype))
    return arrays


def check(text: str, *, seed: int = 7, rtol: float = 0.0, inputs: Sequence[Array] = ()) -> None:
    """The code's results are the reference's: equal, or within `rtol` for f32."""
    module = parse(text)
    arrays = list(inputs) or random_inputs(module, seed)
    wanted = evaluate(module, arrays).outputs
    got = run_on_a65(module, arrays)
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        if rtol:
            np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-37)
        else:
            np.testing.assert_array_equal(one, other)
