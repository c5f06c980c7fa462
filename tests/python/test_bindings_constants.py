"""Constants, types and numpy: what goes into attributes comes out again, the rest is refused."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from afe.ir import *
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.fixture(autouse=True)
def context() -> Iterator[Context]:
    with Context() as context, Location.unknown():
        yield context


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), signless=st.booleans())
def test_arrays_round_trip(data: st.DataObject, dtype: str, signless: bool) -> None:
    """Any shape and dtype: the same bytes come back, unsigned ones too where signedness is kept."""
    shape = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    array = data.draw(arrays.arrays(np.dtype(dtype), shape))
    with Context():
        attribute = DenseElementsAttr.get(array, signless=signless)
        back = np.array(attribute)
        assert back.shape == array.shape and len(attribute) == array.size
        assert back.tobytes() == array.tobytes()
        if not signless:
            assert back.dtype == array.dtype
        assert np.array(Attribute.parse(str(attribute))).shape == array.shape


def test_splats_and_layouts() -> None:
    """A splat has strides of zero; transposed and sliced arrays are read in logical order."""
    i8 = IntegerType.get_signless(8)
    splat = DenseElementsAttr.get_splat(RankedTensorType.get([3, 5], i8), IntegerAttr.get(i8, -7))
    assert splat.is_splat and splat.get_splat_value().value == -7
    assert memoryview(splat).strides == (0, 0)
    assert (np.array(splat) == np.full((3, 5), -7, np.int8)).all()
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    for view in (array.T, array[:, ::2], array[::-1]):
        assert (np.array(DenseElementsAttr.get(view)) == view).all()
    one = DenseElementsAttr.get(np.float32([2.5]), type=RankedTensorType.get([4], F32Type.get()))
    assert one.is_splat and np.array(one).tolist() == [2.5] * 4


def test_elements_by_index() -> None:
    """Single elements as Python numbers."""
    assert list(DenseElementsAttr.get(np.int16([-3, 7]))) == [-3, 7]
    assert DenseElementsAttr.get(np.uint8([200]), signless=False)[0] == 200
    assert DenseElementsAttr.get(np.float64([0.25, 4]))[-1] == 4.0
    assert DenseElementsAttr.get(np.array([True, False]))[0] == 1
    with pytest.raises(IndexError):
        _ = DenseElementsAttr.get(np.int16([1]))[1]
    wide = Attribute.parse("dense<[1, 255]> : tensor<2xi256>")
    assert DenseIntElementsAttr.isinstance(wide)


def test_constants_from_attributes() -> None:
    """A list of attributes needs one type; the tensor type may be left out."""
    index = IndexType.get()
    three = DenseElementsAttr.get([IntegerAttr.get(index, n) for n in (4, 5, 6)])
    assert str(three) == "dense<[4, 5, 6]> : tensor<3xindex>"
    with pytest.raises(ValueError, match="non-empty"):
        DenseElementsAttr.get([])
    with pytest.raises(ValueError, match="differs"):
        DenseElementsAttr.get([IntegerAttr.get(index, 4)], RankedTensorType.get([1], F32Type.get()))


@pytest.mark.parametrize(
    ("array", "keywords", "message"),
    [
        (np.zeros(3, np.float32), {"shape": [4]}, "do not fill"),
        (np.zeros(3, np.float32), {"shape": [-1]}, "static"),
        (np.zeros(3, "U4"), {}, "format"),
        (np.zeros(3, ">i4"), {}, "format"),
        (np.zeros(3, "f4,i4"), {}, "format"),
    ],
)
def test_arrays_without_a_form_are_refused(array: Any, keywords: Any, message: str) -> None:
    """The error says what does not fit."""
    with pytest.raises(ValueError, match=message):
        DenseElementsAttr.get(array, **keywords)


def test_resources_share_the_arrays_memory() -> None:
    """No copy on the way in nor out; the array lives as long as the context needs it."""
    weights = np.arange(6, dtype=np.int8).reshape(2, 3)
    kind = RankedTensorType.get([2, 3], IntegerType.get_signless(8))
    attribute = DenseResourceElementsAttr.get_from_buffer(weights, "w", kind)
    view = np.asarray(memoryview(attribute))
    assert np.shares_memory(view, weights)
    del weights, attribute
    gc.collect()
    assert view.tolist() == [[0, 1, 2], [3, 4, 5]]
    other = DenseResourceElementsAttr.get_from_buffer(np.zeros((2, 3), np.int8), "w", kind)
    assert other.name == "w_1" and other.type == kind


def test_resources_survive_bytecode_and_text() -> None:
    """A module with a resource reads back equal from both forms."""
    import io

    from afe.dialects import tosa

    values = np.random.default_rng(7).integers(-128, 128, (7, 3), np.int8)
    module = Module.create()
    with InsertionPoint(module.body):
        kind = RankedTensorType.get([7, 3], IntegerType.get_signless(8))
        tosa.const(DenseResourceElementsAttr.get_from_buffer(values, "table", kind))
    stream = io.BytesIO()
    module.operation.write_bytecode(stream)
    for source in (stream.getvalue(), str(module)):
        read = Module.parse(source).body.operations[0].values
        assert (np.array(read) == values).all()


def test_damaged_resources_are_refused() -> None:
    """A resource that is missing, or whose size is not the type's, has no array form."""
    missing = Attribute.parse("dense_resource<nowhere> : tensor<4xf32>")
    with pytest.raises(BufferError, match="missing or of another size"):
        np.array(missing)
    module = Module.parse(
        "module attributes {a.b = dense_resource<short> : tensor<400xf32>} {}\n"
        '{-# dialect_resources: { builtin: { short: "0x0400000001000000" } } #-}'
    )
    with pytest.raises(BufferError, match="another size"):
        memoryview(module.operation.attributes["a.b"])
    with pytest.raises(ValueError, match="24 bytes"):
        DenseResourceElementsAttr.get_from_buffer(
            np.zeros(3), "x", RankedTensorType.get([4], F64Type.get())
        )


def test_constants_are_read_only() -> None:
    """Attributes are shared by the whole context; nobody may write into them."""
    view = memoryview(DenseElementsAttr.get(np.int8([1, 2])))
    assert view.readonly
    with pytest.raises(TypeError):
        view[0] = 3


def test_integers_of_any_width() -> None:
    """Values are kept exactly; those that do not fit are refused."""
    for width, value in ((8, -128), (8, 255), (64, 2**63), (128, -(2**127)), (1, 1)):
        attribute = IntegerAttr.get(IntegerType.get_signless(width), value)
        assert (int(attribute.value) - value) % 2**width == 0
    assert IntegerAttr.get(IntegerType.get_unsigned(128), 2**128 - 1).value == 2**128 - 1
    for width, value in ((8, 256), (8, -129), (1, 2), (64, 2**64)):
        with pytest.raises(ValueError, match=f"{width} bits"):
            IntegerAttr.get(IntegerType.get_signless(width), value)
    with pytest.raises(ValueError, match="integer or index"):
        IntegerAttr.get(F32Type.get(), 3)


def test_attributes_come_back_as_their_classes() -> None:
    """Parsing, and reading from an operation, gives the most derived class."""
    for text, cls in {
        "7 : i32": IntegerAttr,
        "true": BoolAttr,
        "1.5 : f32": FloatAttr,
        '"text"': StringAttr,
        "unit": UnitAttr,
        "i8": TypeAttr,
        "@f": FlatSymbolRefAttr,
        "@f::@g": SymbolRefAttr,
        "[1, 2]": ArrayAttr,
        "{a = 1}": DictAttr,
        "array<i64: 1, 2>": DenseI64ArrayAttr,
        "array<i8: 1>": DenseI8ArrayAttr,
        "array<f32: 1.0>": DenseF32ArrayAttr,
        "array<i1: true>": DenseBoolArrayAttr,
        "affine_map<(d0) -> (d0)>": AffineMapAttr,
        "strided<[2, 1], offset: 3>": StridedLayoutAttr,
        "dense<1> : tensor<2xi8>": DenseIntElementsAttr,
        "dense<1.0> : tensor<2xf32>": DenseFPElementsAttr,
    }.items():
        attribute = Attribute.parse(text)
        assert type(attribute) is cls, text
        assert Attribute.parse(str(attribute)) == attribute
        assert hash(Attribute.parse(text)) == hash(attribute)
        assert cls.isinstance(attribute) and repr(attribute).startswith(
            cls.__name__.split("Int")[0][:5]
        )
    with pytest.raises(ValueError, match="Cannot cast attribute to IntegerAttr"):
        IntegerAttr(StringAttr.get("7"))


def test_arrays_and_dictionaries_behave_like_pythons() -> None:
    """len, indices, iteration, concatenation; wrong elements are refused."""
    numbers = DenseI64ArrayAttr.get([3, -4]) + [5]  # noqa: RUF005
    assert list(numbers) == [3, -4, 5] and numbers[-1] == 5 and len(numbers) == 3
    names = ArrayAttr.get([StringAttr.get("a")]) + [StringAttr.get("b")]  # noqa: RUF005
    assert [s.value for s in names] == ["a", "b"]
    table = DictAttr.get({"scale": FloatAttr.get_f32(0.5), "zero_point": numbers})
    assert table["scale"].value == 0.5 and "zero_point" in table
    assert [entry.name for entry in table] == ["scale", "zero_point"]
    with pytest.raises(KeyError, match="nothing"):
        _ = table["nothing"]
    for wrong in (
        lambda: DenseI8ArrayAttr.get([300]),
        lambda: ArrayAttr.get([1]),
        lambda: DictAttr.get({1: UnitAttr.get()}),
    ):
        with pytest.raises(TypeError):
            wrong()
    assert StringAttr.get(b"\xff\x00").value_bytes == b"\xff\x00"


def test_types_come_back_as_their_classes() -> None:
    """Parsing gives the most derived class, with its properties."""
    for text, cls in {
        "i8": IntegerType, "ui8": IntegerType, "index": IndexType, "f32": F32Type,
        "bf16": BF16Type, "f8E4M3FN": Float8E4M3FNType, "none": NoneType,
        "complex<f32>": ComplexType, "tuple<i8, f32>": TupleType, "(i8) -> f32": FunctionType,
        "tensor<2x?xf32>": RankedTensorType, "tensor<*xf32>": UnrankedTensorType,
        "vector<[4]x3xf32>": VectorType, "memref<2x3xf32, strided<[5, 1]>>": MemRefType,
        "memref<*xf32>": UnrankedMemRefType,
    }.items():  # fmt: skip
        kind = Type.parse(text)
        assert type(kind) is cls and str(kind) == text and cls.isinstance(kind)
    dynamic = Type.parse("tensor<2x?xf32>")
    assert dynamic.shape == [2, ShapedType.get_dynamic_size()]
    assert (dynamic.rank, dynamic.has_static_shape, dynamic.is_dynamic_dim(1)) == (2, False, True)
    strided = Type.parse("memref<2x3xf32, strided<[5, 1], offset: 2>>")
    assert strided.get_strides_and_offset() == ([5, 1], 2)
    assert isinstance(Type.parse("f16"), FloatType)
    signature = FunctionType.get([IndexType.get()], [dynamic])
    assert signature.inputs == [IndexType.get()] and signature.results == [dynamic]
    with pytest.raises(ValueError, match="rank"):
        _ = Type.parse("tensor<*xf32>").shape


@pytest.mark.parametrize(
    "make",
    [
        lambda: VectorType.get([-1], F32Type.get()),
        lambda: VectorType.get([2], NoneType.get()),
        lambda: RankedTensorType.get([-5], F32Type.get()),
        lambda: RankedTensorType.get([2], FunctionType.get([], [])),
        lambda: ComplexType.get(IndexType.get()),
        lambda: IntegerType.get_signless(1 << 25),
        lambda: OpaqueType.get("", "x"),
    ],
)
def test_types_mlir_would_only_assert_are_refused(make: Any) -> None:
    """Debian's MLIR has no assertions, so the bindings ask its verifiers."""
    with pytest.raises(MLIRError, match="Invalid"):
        make()


def test_affine_maps() -> None:
    """Arithmetic, composition of maps, and positions that do not exist."""
    d0, d1, s0 = AffineExpr.get_dim(0), AffineExpr.get_dim(1), AffineExpr.get_symbol(0)
    map_ = AffineMap.get(2, 1, [d1 * 4 + s0, (d0 + 3) % 5, d0 // 2 - 1])
    assert str(map_) == "(d0, d1)[s0] -> (d1 * 4 + s0, (d0 + 3) mod 5, d0 floordiv 2 - 1)"
    assert (map_.n_dims, map_.n_symbols, len(map_.results)) == (2, 1, 3)
    assert AffineMap.get_identity(3).is_permutation
    assert str(map_.get_submap([0])) == "(d0, d1)[s0] -> (d1 * 4 + s0)"
    with pytest.raises(ValueError, match="does not have"):
        AffineMap.get(1, 0, [d1])
    with pytest.raises(ValueError, match="permutation"):
        AffineMap.get_permutation([0, 0])
