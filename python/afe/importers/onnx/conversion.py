"""Cast between the types a model may compute in."""

from __future__ import annotations

from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.tensors import dtype_of
from afe.importers.onnx.values import Floats, Stored, Value


@operator("Cast")
def cast(ctx: Context, node: Node) -> Value:
    """f32 stays f32; integers may become f32 or wider integers."""
    target = dtype_of(node.integer("to", 1), node.label)
    value = ctx.settled(ctx.computed(node, 0))
    if not isinstance(value, Stored):
        if target.name == "float32":
            return value
        raise unsupported(node, f"a cast of a float tensor to {target.name}")
    if value.unsigned or value.tensor.dtype not in ("i8", "i32", "i64", "i1"):
        raise unsupported(node, f"a cast of a {value.tensor.dtype} tensor")
    if target.name == "float32" and value.tensor.dtype in ("i8", "i32"):
        return Floats(ctx.builder.cast(value.tensor, "f32"), value.layout)
    if target.name in ("int32", "int64") and value.tensor.dtype in ("i8", "i32", "i64"):
        dtype = {"int32": "i32", "int64": "i64"}[target.name]
        return Stored(ctx.builder.cast(value.tensor, dtype), value.layout)
    raise unsupported(node, f"a cast of a {value.tensor.dtype} tensor to {target.name}")
