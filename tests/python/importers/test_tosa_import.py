"""TOSA files, text and bytecode, are read as they are; anything else in them is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers import import_model
from reference.tosa_numpy import evaluate

CLAMP = "tosa.clamp %x {min_val = -3 : i8, max_val = 99 : i8}"
GOOD = f"""
func.func @net(%x: tensor<2x5x3xi8>) -> tensor<2x5x3xi8> {{
  %0 = {CLAMP} : (tensor<2x5x3xi8>) -> tensor<2x5x3xi8>
  return %0 : tensor<2x5x3xi8>
}}
"""


def written(tmp_path: Path, text: str, name: str = "net.mlir") -> Path:
    """A file with this text."""
    path = tmp_path / name
    path.write_text(text)
    return path


def test_text_is_completed(tmp_path: Path) -> None:
    """Names and producer are filled in, values are untouched."""
    imported = import_model(written(tmp_path, GOOD))
    assert (imported.producer, imported.name) == ("tosa", "net")
    assert [port.name for port in (*imported.inputs, *imported.outputs)] == ["input0", "output0"]
    assert 'afe.name = "input0"' in str(imported.module)
    x = np.arange(-15, 15, dtype=np.int8).reshape(2, 5, 3) * 8
    np.testing.assert_array_equal(evaluate(imported.module, [x]).outputs[0], np.clip(x, -3, 99))


def test_given_names_and_quantization_stay(tmp_path: Path) -> None:
    """What the file says about a port is not overwritten."""
    facts = '{afe.name = "pixels", afe.quant = {scale = 0.5 : f32, zero_point = -3 : i64}}'
    text = GOOD.replace("%x: tensor<2x5x3xi8>", f"%x: tensor<2x5x3xi8> {facts}")
    port = import_model(written(tmp_path, text)).inputs[0]
    assert port.name == "pixels"
    assert port.quantization is not None
    assert (port.quantization.scale, port.quantization.zero_point) == (0.5, -3)


def test_bytecode_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    """Content decides: bytecode in a .mlir file."""
    module = import_model(written(tmp_path, GOOD)).module
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    path = tmp_path / "bytes.mlir"
    path.write_bytes(buffer.getvalue())
    assert str(import_model(path, name="net").module) == str(module)


REFUSALS = {
    "syntax": ("func.func @net(", ErrorCode.FILE_INVALID),
    "two functions": (GOOD + GOOD.replace("@net", "@other"), ErrorCode.INVALID_MODEL),
    "dynamic": (GOOD.replace("2x5x3", "?x5x3"), ErrorCode.DYNAMIC_SHAPE),
    "foreign": (
        GOOD.replace("return", '%1 = "test.op"() : () -> tensor<1xi8>\n  return'),
        ErrorCode.FILE_INVALID,
    ),
    "arith": (
        GOOD.replace("return", "%1 = arith.constant 1 : i32\n  return"),
        ErrorCode.UNSUPPORTED_OPERATOR,
    ),
    "declaration": ("func.func private @net(tensor<1xi8>)", ErrorCode.INVALID_MODEL),
    "invalid": (GOOD.replace("max_val = 99", "max_val = -99"), ErrorCode.FILE_INVALID),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(tmp_path: Path, case: str) -> None:
    """One AfeError each, which names the file."""
    text, code = REFUSALS[case]
    with pytest.raises(AfeError) as caught:
        import_model(written(tmp_path, text))
    assert caught.value.code is code, caught.value
    assert "net.mlir" in str(caught.value)


def test_damaged_bytecode(tmp_path: Path) -> None:
    """Cut off anywhere, bytecode is refused and nothing crashes."""
    module = import_model(written(tmp_path, GOOD)).module
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    data = buffer.getvalue()
    for size in range(4, len(data) - 1, 3):
        path = tmp_path / "cut.mlirbc"
        path.write_bytes(data[:size])
        with pytest.raises(AfeError):
            import_model(path)
