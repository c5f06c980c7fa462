"""The machine's arithmetic against the runtimes whose results it has to give: LiteRT, onnxruntime.

One layer each, run by OUTPUT on the simulator: the accumulators come in as partial sums.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import Arena, Fields, simulate
from numpy.typing import NDArray
from oracle_arithmetic import bits_of

MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"


def run_output(
    sums: NDArray[np.int32], output: Fields, res: NDArray[Any] | None
) -> NDArray[np.int8]:
    """OUTPUT with these fields on int32 accumulators and int8 residual of one length."""
    result = np.empty(len(sums), np.int8)
    for start in range(0, len(sums), 4096):
        part = np.zeros(4096, np.int32)
        count = min(4096, len(sums) - start)
        part[:count] = sums[start : start + count]
        arena = Arena(np.random.default_rng(0), 65536)
        zero = arena.put(bytes(512))
        shape = {"images": 1, "rows": 16, "cols": 16, "oc": 16}
        tensor = {"op": "tensor", **shape, "kh": 1, "kw": 1, "ic": 1, "grid_p": 24, "in": zero,
                  "weights": zero, "use_psum": 1, "psum": arena.put(part), "psum_sx": 64,
                  "psum_sy": 1024}  # fmt: skip
        f = {"op": "output", **shape, **output, "out_sx": 16, "out_sy": 256}
        if res is not None:
            other = np.zeros(4096, np.int8)
            other[:count] = res[start : start + count]
            f |= {"res": arena.put(other), "res_sx": 16, "res_sy": 256}
        f["out"] = arena.take(4096)
        got = simulate(arena.image, [tensor, f])[f["out"] :][:4096].view(np.int8)
        result[start : start + count] = got[:count]
    return result


def quantized_multiplier(real: float) -> tuple[int, int]:
    """LiteRT's QuantizeMultiplier as multiplier and TOSA shift."""
    fraction, exponent = math.frexp(real)
    multiplier = round(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return multiplier, 31 - exponent


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )


def _quantization(tensor: Fields) -> tuple[float, int]:
    parameters = tensor["quantization_parameters"]
    return float(parameters["scales"][0]), int(parameters["zero_points"][0])


def add_fields(a: Fields, b: Fields, out: Fields) -> Fields:
    """LITERT_ADD as LiteRT's Prepare of ADD computes its parameters."""
    (scale_a, zp_a), (scale_b, zp_b), (scale_o, zp_o) = map(_quantization, (a, b, out))
    twice = 2 * max(scale_a, scale_b)
    fields: Fields = {"residual": 1, "left_shift": 20, "self_zp": zp_a, "res_zp": zp_b,
                      "sum_zp": zp_o, "sum_lo": -128, "sum_hi": 127}  # fmt: skip
    for name, real in (("self", scale_a / twice), ("res", scale_b / twice),
                       ("sum", twice / ((1 << 20) * scale_o))):  # fmt: skip
        fields[f"{name}_mult"], fields[f"{name}_shift"] = quantized_multiplier(real)
    return fields


def test_litert_add_is_the_reference_kernel() -> None:
    """Every ADD of a real model, on the values that LiteRT's reference kernels gave it."""
    path = MODELS / "resnet8_int8.tflite"
    if not path.is_file():
        assert os.environ.get("CI") != "true", f"{path} is missing"
        pytest.skip("needs the shared models")
    pytest.importorskip("ai_edge_litert")
    interpreter = _interpreter(path)
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).integers(-128, 128, (1, 32, 32, 3), dtype=np.int8)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    tensors = {t["index"]: t for t in interpreter.get_tensor_details()}
    adds = [op for op in interpreter._get_ops_details() if op["op_name"] == "ADD"]
    assert len(adds) == 3
    for op in adds:
        a, b = op["inputs"][:2]
        (out,) = op["outputs"]
        left, right = (interpreter.get_tensor(i).ravel() for i in (a, b))
        want = interpreter.get_tensor(out).ravel()
        fields = add_fields(tensors[a], tensors[b], tensors[out])
        # The identity as requantization: multiplier 2^30 and shift 30; fused RELU as the clamp.
        fields |= {"mode": 1, "multiplier": 1 << 30, "shift": 30, "lo": -128, "hi": 127}
        fields["sum_lo"] = max(-128, fields["sum_zp"]) if want.min() >= fields["sum_zp"] else -128
        got = run_output(left.astype(np.int32), fields, right)
        assert np.array_equal(got, want)


def _qdq_add(scales: tuple[np.float32, ...], zero_points: tuple[int, ...]) -> bytes:
    """An ONNX model: dequantize two int8 tensors, add, quantize."""
    from onnx import TensorProto, helper, numpy_helper

    values = []
    for i, name in enumerate("abc"):
        values.append(numpy_helper.from_array(scales[i], f"{name}_s"))
        values.append(numpy_helper.from_array(np.int8(zero_points[i]), f"{name}_z"))
    nodes = [
        helper.make_node("DequantizeLinear", ["a", "a_s", "a_z"], ["fa"]),
        helper.make_node("DequantizeLinear", ["b", "b_s", "b_z"], ["fb"]),
        helper.make_node("Add", ["fa", "fb"], ["fc"]),
        helper.make_node("QuantizeLinear", ["fc", "c_s", "c_z"], ["c"]),
    ]
    tensors = [helper.make_tensor_value_info(n, TensorProto.INT8, [65536]) for n in "abc"]
    graph = helper.make_graph(nodes, "add", tensors[:2], tensors[2:], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("seed", range(3))
def test_f32_add_is_the_unoptimized_qdq_graph(seed: int) -> None:
    """All 65,536 pairs of int8 values, for three choices of scales and zero points."""
    ort = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    rng = np.random.default_rng(seed)
    scales = tuple(np.float32(s) for s in rng.uniform(0.01, 0.1, 3))
    zero_points = tuple(int(z) for z in rng.integers(-20, 20, 3))
    a = np.repeat(np.arange(-128, 128), 256).astype(np.int8)
    b = np.tile(np.arange(-128, 128), 256).astype(np.int8)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(_qdq_add(scales, zero_points), options)
    (want,) = session.run(None, {"a": a, "b": b})
    fields = {"mode": 3, "multiplier": bits_of(1.0), "lo": -128, "hi": 127, "residual": 2,
              "self_zp": zero_points[0], "res_zp": zero_points[1], "sum_zp": zero_points[2],
              "self_mult": bits_of(scales[0]), "res_mult": bits_of(scales[1]),
              "sum_mult": bits_of(scales[2]), "sum_lo": -128, "sum_hi": 127}  # fmt: skip
    assert np.array_equal(run_output(a.astype(np.int32), fields, b), want)


def test_double_is_litert_fixed_point_on_many_products() -> None:
    """gemmlowp's high multiplication and rounding division, vectorized, on a million products."""
    rng = np.random.default_rng(4)
    for _ in range(8):
        multiplier, shift = int(rng.integers(1 << 30, 1 << 31)), int(rng.integers(32, 44))
        bound = 1 << min(30, shift - 24)
        sums = rng.integers(-bound, bound, 40000).astype(np.int32)
        product = sums.astype(np.int64) * multiplier
        nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
        total = product + nudge
        high = np.where(total >= 0, total >> 31, -((-total) >> 31))
        half = 1 << (shift - 32)
        away = np.where(high >= 0, (high + half) >> (shift - 31), -((-high + half) >> (shift - 31)))
        fields = {"mode": 1, "multiplier": multiplier, "shift": shift, "lo": -128, "hi": 127}
        got = run_output(sums, fields, None)
        assert np.array_equal(got, np.clip(away, -128, 127))
