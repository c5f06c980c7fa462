"""TOSA flatbuffers: what is read, and what of a hostile file is refused.

(What the operators compute is the matter of tests/conformance, on files of the reference's own
generator.)
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers import import_model
from afe.importers.common import ImportedModel
from tosa_files import clamp_program, operator, program, tensor


def read(tmp_path: Path, data: bytes) -> ImportedModel:
    path = tmp_path / "model.tosa"
    path.write_bytes(data)
    return import_model(path)


def refused(tmp_path: Path, data: bytes) -> AfeError:
    with pytest.raises(AfeError) as caught:
        read(tmp_path, data)
    return caught.value


def test_ports_and_operators_keep_names_shapes_and_types(tmp_path: Path) -> None:
    model = read(tmp_path, clamp_program())
    assert [(p.name, p.shape, p.dtype) for p in model.inputs] == [("x", (2, 5, 3), "i8")]
    assert [p.name for p in model.outputs] == ["z"]
    text = str(model.module)
    assert text.count("tosa.clamp") == 2
    assert "max_val = 100 : i8, min_val = -3 : i8" in text


def test_the_content_tells_the_format(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(clamp_program())
    assert import_model(path).producer == "tosa"


def test_operators_may_stand_in_any_order(tmp_path: Path) -> None:
    shape = (1, 4)
    operators = [operator("abs", ["b"], ["c"]), operator("abs", ["a"], ["b"])]
    tensors = [tensor(name, shape, "i32") for name in "abc"]
    model = read(tmp_path, program(tensors, operators, ["a"], ["c"]))
    assert str(model.module).count("tosa.abs") == 2


@pytest.mark.parametrize(
    ("dtype", "data", "text"),
    [
        ("i1", b"\1\0\1", "dense<[true, false, true]>"),
        ("i4", b"\x1f\x07", "dense<[-1, 1, 7]>"),
        ("i8", b"\xff\0\x7f", "dense<[-1, 0, 127]>"),
        ("i16", np.array([-2, 0, 300], "<i2").tobytes(), "dense<[-2, 0, 300]>"),
        ("i48", b"".join(n.to_bytes(6, "little", signed=True) for n in (-1, 5, 1 << 40)),
         "dense<[-1, 5, 1099511627776]>"),
        ("f32", np.array([0.5, 2, -1], "<f4").tobytes(), "5.000000e-01, 2.000000e+00"),
    ],
)  # fmt: skip
def test_constants_of_every_type(tmp_path: Path, dtype: str, data: bytes, text: str) -> None:
    tensors = [tensor("k", (3,), dtype, data), tensor("y", (3,), dtype)]
    operators = [operator("const", [], ["k"]), operator("identity", ["k"], ["y"])]
    assert text in str(read(tmp_path, program(tensors, operators, [], ["y"])).module)


def test_control_flow_and_state_are_refused_by_name(tmp_path: Path) -> None:
    tensors = [tensor("x", (1, 4), "i32"), tensor("y", (1, 4), "i32")]
    for name in ("cond_if", "while_loop", "variable_read"):
        error = refused(tmp_path, program(tensors, [operator(name, ["x"], ["y"])], ["x"], ["y"]))
        assert error.code == ErrorCode.UNSUPPORTED_OPERATOR
        assert f"operator 0 ({name.upper()})" in error.message
        assert error.notes


def test_other_versions_and_several_regions_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, program([], [], [], [], version=(2, 0, 0)))
    assert error.code == ErrorCode.UNSUPPORTED_VERSION
    error = refused(tmp_path, program([], [], [], [], regions=2))
    assert "2 regions" in error.message


def test_operators_and_fields_are_named_where_they_are_wrong(tmp_path: Path) -> None:
    shape = (1, 4)
    x, y = tensor("x", shape, "i8"), tensor("y", shape, "i8")

    def message(tensors: list[dict[str, object]], operators: list[dict[str, object]]) -> str:
        return str(refused(tmp_path, program(tensors, operators, ["x"], ["y"])))

    negate = operator("abs", ["x"], ["y"])
    assert "'w', which is not listed" in message([x, y], [operator("abs", ["w"], ["y"])])
    assert "which nothing produces" in message([x, y, tensor("w", shape, "i8")],
                                               [operator("abs", ["w"], ["y"])])  # fmt: skip
    assert "produced twice" in message([x, y], [negate, negate])
    assert "takes its own result" in message([x, y], [operator("abs", ["y"], ["y"])])
    assert "two tensors are called 'x'" in message([x, x, y], [negate])
    assert "operator 0 (CLAMP), field 'min_val': 0 bytes" in message(
        [x, y], [operator("clamp", ["x"], ["y"], nan_mode=1)]
    )
    assert "axis" in message([x, y], [operator("reduce_sum", ["x"], ["y"], axis=9)])
    assert "needs 4 bytes, 3 are given" in message([x, tensor("y", shape, "i8", b"abc")], [])
    assert "operator 0 (CONST) has no values" in message([x, y], [operator("const", [], ["y"])])


def test_unknown_sizes_are_refused(tmp_path: Path) -> None:
    for size in (0, -1):
        error = refused(tmp_path, program([tensor("x", (size, 3), "i8")], [], ["x"], ["x"]))
        assert error.code == ErrorCode.DYNAMIC_SHAPE
    error = refused(tmp_path, program([tensor("x", (1 << 30, 1 << 30), "i8")], [], ["x"], ["x"]))
    assert error.code == ErrorCode.INVALID_MODEL


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = clamp_program()
    for size in range(1, len(data), 3):
        assert refused(tmp_path, data[:size]).code in ErrorCode


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """Random bytes changed: no other exception, and no crash."""
    data, chance = clamp_program(), random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(8, len(data))] = chance.choice((0, 1, 127, 128, 255))
        try:
            read(tmp_path, bytes(damaged))
        except AfeError as error:
            assert error.message
