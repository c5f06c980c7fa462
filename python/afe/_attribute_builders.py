"""Builders of attributes from plain Python values, by the names of ODS attribute kinds.

The generated dialect modules look a builder up here when an argument is not an attribute yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from afe._mlir.ir import (
    AffineMap,
    AffineMapAttr,
    ArrayAttr,
    AttrBuilder,
    Attribute,
    BoolAttr,
    Context,
    DenseBoolArrayAttr,
    DenseElementsAttr,
    DenseF32ArrayAttr,
    DenseF64ArrayAttr,
    DenseI8ArrayAttr,
    DenseI16ArrayAttr,
    DenseI32ArrayAttr,
    DenseI64ArrayAttr,
    DictAttr,
    F32Type,
    F64Type,
    FlatSymbolRefAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    RankedTensorType,
    StringAttr,
    SymbolRefAttr,
    Type,
    TypeAttr,
)

_Builder = TypeVar("_Builder", bound=Callable[..., Attribute])


def register_attribute_builder(
    kind: str, replace: bool = False, allow_existing: bool = False
) -> Callable[[_Builder], _Builder]:
    """A decorator: `builder(value, context)` makes attributes of the ODS kind `kind`.

    RuntimeError if there is one already, unless `replace` or `allow_existing` (keep the old one).
    """

    def register(builder: _Builder) -> _Builder:
        AttrBuilder.insert(kind, builder, replace=replace, allow_existing=allow_existing)
        return builder

    return register


def _signless(width: int) -> Callable[[int, Context], Attribute]:
    return lambda value, context: IntegerAttr.get(
        IntegerType.get_signless(width, context=context), value
    )


def _signed(width: int) -> Callable[[int, Context], Attribute]:
    return lambda value, context: IntegerAttr.get(
        IntegerType.get_signed(width, context=context), value
    )


def _unsigned(width: int) -> Callable[[int, Context], Attribute]:
    return lambda value, context: IntegerAttr.get(
        IntegerType.get_unsigned(width, context=context), value
    )


def _register_scalars() -> None:
    for width in (1, 8, 16, 32, 64):
        register_attribute_builder(f"I{width}Attr")(_signless(width))
        register_attribute_builder(f"SI{width}Attr")(_signed(width))
        register_attribute_builder(f"UI{width}Attr")(_unsigned(width))


_register_scalars()


@register_attribute_builder("BoolAttr")
def _bool_attr(value: bool, context: Context) -> Attribute:
    return BoolAttr.get(value, context=context)


@register_attribute_builder("IndexAttr")
def _index_attr(value: int, context: Context) -> Attribute:
    return IntegerAttr.get(IndexType.get(context=context), value)


@register_attribute_builder("F32Attr")
def _f32_attr(value: float, context: Context) -> Attribute:
    return FloatAttr.get_f32(value, context=context)


@register_attribute_builder("F64Attr")
def _f64_attr(value: float, context: Context) -> Attribute:
    return FloatAttr.get_f64(value, context=context)


@register_attribute_builder("StrAttr")
def _str_attr(value: str, context: Context) -> Attribute:
    return StringAttr.get(value, context=context)


@register_attribute_builder("SymbolNameAttr")
def _symbol_name_attr(value: str, context: Context) -> Attribute:
    return StringAttr.get(value, context=context)


@register_attribute_builder("SymbolRefAttr")
def _symbol_ref_attr(value: str | Sequence[str], context: Context) -> Attribute:
    path = [value] if isinstance(value, str) else list(value)
    attribute: Attribute = SymbolRefAttr.get(path, context=context).maybe_downcast()
    return attribute


@register_attribute_builder("FlatSymbolRefAttr")
def _flat_symbol_ref_attr(value: str, context: Context) -> Attribute:
    return FlatSymbolRefAttr.get(value, context=context)


@register_attribute_builder("TypeAttr")
def _type_attr(value: Type, context: Context) -> Attribute:
    return TypeAttr.get(value, context=context)


@register_attribute_builder("AffineMapAttr")
def _affine_map_attr(value: AffineMap, context: Context) -> Attribute:
    return AffineMapAttr.get(value)


@register_attribute_builder("DictionaryAttr")
def _dictionary_attr(value: Mapping[str, Attribute], context: Context) -> Attribute:
    return DictAttr.get(dict(value), context=context)


# ------------------------------------------------------------------------------------------------
# Arrays
# ------------------------------------------------------------------------------------------------


def _dense(cls: Any) -> Callable[[Sequence[Any], Context], Attribute]:
    def build(values: Sequence[Any], context: Context) -> Attribute:
        attribute: Attribute = cls.get(values, context=context)
        return attribute

    return build


def _array_of(element: str) -> Callable[[Sequence[Any], Context], Attribute]:
    """An ArrayAttr; elements that are no attributes go through the builder of kind `element`."""

    def build(values: Sequence[Any], context: Context) -> Attribute:
        make = AttrBuilder.get(element)
        return ArrayAttr.get(
            [v if isinstance(v, Attribute) else make(v, context) for v in values], context=context
        )

    return build


def _register_arrays() -> None:
    for kind, cls in {
        "DenseBoolArrayAttr": DenseBoolArrayAttr,
        "DenseI8ArrayAttr": DenseI8ArrayAttr,
        "DenseI16ArrayAttr": DenseI16ArrayAttr,
        "DenseI32ArrayAttr": DenseI32ArrayAttr,
        "DenseI64ArrayAttr": DenseI64ArrayAttr,
        "DenseF32ArrayAttr": DenseF32ArrayAttr,
        "DenseF64ArrayAttr": DenseF64ArrayAttr,
    }.items():
        register_attribute_builder(kind)(_dense(cls))
    for kind, element in {
        "BoolArrayAttr": "BoolAttr",
        "I32ArrayAttr": "I32Attr",
        "I64ArrayAttr": "I64Attr",
        "F32ArrayAttr": "F32Attr",
        "F64ArrayAttr": "F64Attr",
        "StrArrayAttr": "StrAttr",
        "TypeArrayAttr": "TypeAttr",
        "AffineMapArrayAttr": "AffineMapAttr",
        "DictArrayAttr": "DictionaryAttr",
        "FlatSymbolRefArrayAttr": "FlatSymbolRefAttr",
        "SymbolRefArrayAttr": "SymbolRefAttr",
        "ArrayAttr": "StrAttr",
    }.items():
        register_attribute_builder(kind)(_array_of(element))


_register_arrays()


@register_attribute_builder("IndexListArrayAttr")
def _index_list_array_attr(values: Sequence[Sequence[int]], context: Context) -> Attribute:
    integers = _array_of("I64Attr")
    return ArrayAttr.get([integers(inner, context) for inner in values], context=context)


# TOSA's fixed-length arrays.
for _length in (2, 3, 4, 6):
    register_attribute_builder(f"Tosa_IntArrayAttr{_length}")(_dense(DenseI64ArrayAttr))


# ------------------------------------------------------------------------------------------------
# Constant tensors, from lists and numpy arrays
# ------------------------------------------------------------------------------------------------


@register_attribute_builder("ElementsAttr")
def _elements_attr(value: Any, context: Context) -> Attribute:
    return DenseElementsAttr.get(value, context=context)


def _ranked(values: Sequence[Any], element: Type, make: str, context: Context) -> Attribute:
    build = AttrBuilder.get(make)
    shaped = RankedTensorType.get([len(values)], element)
    return DenseElementsAttr.get([build(v, context) for v in values], shaped, context=context)


@register_attribute_builder("IndexElementsAttr")
def _index_elements_attr(values: Sequence[int], context: Context) -> Attribute:
    return _ranked(values, IndexType.get(context=context), "IndexAttr", context)


@register_attribute_builder("I32ElementsAttr")
def _i32_elements_attr(values: Sequence[int], context: Context) -> Attribute:
    return _ranked(values, IntegerType.get_signless(32, context=context), "I32Attr", context)


@register_attribute_builder("I64ElementsAttr")
def _i64_elements_attr(values: Sequence[int], context: Context) -> Attribute:
    return _ranked(values, IntegerType.get_signless(64, context=context), "I64Attr", context)


@register_attribute_builder("F32ElementsAttr")
def _f32_elements_attr(values: Sequence[float], context: Context) -> Attribute:
    return _ranked(values, F32Type.get(context=context), "F32Attr", context)


@register_attribute_builder("F64ElementsAttr")
def _f64_elements_attr(values: Sequence[float], context: Context) -> Attribute:
    return _ranked(values, F64Type.get(context=context), "F64Attr", context)
