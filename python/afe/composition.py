"""Models one behind the other as one: the outputs of each are the inputs of the next, in order.

Where one gives float32 and the next takes a quantized tensor of known scale (or the other way
round), the quantization of that tensor is put between them.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Sequence
from typing import Any

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.importers.builder import attribute_text
from afe.importers.common import ImportedModel, Port, Quantization
from afe.options import check_name
from afe.package.manifest import Provenance
from afe.source import SourceModel


def composed_source(sources: Sequence[SourceModel], name: str) -> SourceModel:
    """The models as one, called `name`.

    Raises AfeError INVALID_OPTION for no model, INVALID_MODEL where neighbours do not fit.
    """
    check_name(name)
    if not sources:
        raise AfeError(ErrorCode.INVALID_OPTION, "there is no model to compose")
    for before, after in itertools.pairwise(sources):
        _check_fit(before, after)
    _check_states(sources)
    context = ir.Context()
    modules = [_copy(source.module, context) for source in sources]
    whole = sources[0].imported
    inputs, outputs = list(whole.inputs), list(whole.outputs)
    with context:
        for source, module in zip(sources[1:], modules[1:], strict=True):
            part = source.imported
            _append(modules[0], module, outputs, part.inputs)
            inputs += [port for port in part.inputs if port.state]
            outputs = [*part.outputs, *(port for port in outputs if port.state)]
        _name(modules[0], name)
        _verify(modules[0], name)
    imported = ImportedModel(
        modules[0], context, name, _producer(sources), inputs, outputs, whole.metadata
    )
    return SourceModel(name, imported, _provenance(sources))


def _producer(sources: Sequence[SourceModel]) -> str:
    """That of the model in the middle of its pre- and post-processing."""
    producers = [source.imported.producer for source in sources]
    return next((producer for producer in producers if producer != "afe"), "afe")


def _provenance(sources: Sequence[SourceModel]) -> Provenance:
    """The files' names joined by `+`, the SHA-256 of their checksums, and every calibration."""
    origins = [source.provenance for source in sources]
    whole = hashlib.sha256("\n".join(o.model_checksum for o in origins).encode()).hexdigest()
    calibrations = [origin.calibration for origin in origins if origin.calibration]
    calibration = calibrations[0] if calibrations else {}
    if len(calibrations) > 1:
        calibration = {"parts": [dict(entry) for entry in calibrations]}
    return Provenance("+".join(origin.model_path for origin in origins), whole, calibration)


def _check_states(sources: Sequence[SourceModel]) -> None:
    names = [port.state.name for s in sources for port in s.imported.inputs if port.state]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise _misfit(f"two of them have a state '{twice[0]}'")


def _plain(ports: Sequence[Port]) -> list[Port]:
    """Without states, which stay inputs and outputs of the whole."""
    return [port for port in ports if port.state is None]


def _check_fit(before: SourceModel, after: SourceModel) -> None:
    outputs, inputs = _plain(before.imported.outputs), _plain(after.imported.inputs)
    if len(outputs) != len(inputs):
        raise _misfit(
            f"'{before.name}' has {len(outputs)} outputs, '{after.name}' {len(inputs)} inputs"
        )
    for output, port in zip(outputs, inputs, strict=True):
        _check_port(f"output '{output.name}' of '{before.name}'", output, after, port)


def _check_port(what: str, output: Port, after: SourceModel, port: Port) -> None:
    wanted = f"input '{port.name}' of '{after.name}'"
    if output.shape != port.shape:
        raise _misfit(f"{what} is {list(output.shape)}, {wanted} is {list(port.shape)}")
    if output.dtype == port.dtype:
        if output.quantization and port.quantization and output.quantization != port.quantization:
            raise _misfit(f"{what} has {output.quantization}, {wanted} has {port.quantization}")
        return
    one_is_float = "f32" in (output.dtype, port.dtype)
    if not one_is_float or _between(output, port) is None:
        raise _misfit(f"{what} is {output.dtype}, {wanted} is {port.dtype}")


def _between(output: Port, port: Port) -> Quantization | None:
    """The quantization of whichever of the two is no float tensor."""
    return port.quantization if output.dtype == "f32" else output.quantization


def _misfit(text: str) -> AfeError:
    return AfeError(
        ErrorCode.INVALID_MODEL,
        f"the models cannot be composed: {text}",
        notes=["Model.create_auxiliary_network makes networks that convert, resize or reorder"],
    )


# --- modules -------------------------------------------------------------------------------------


def _copy(module: ir.Module, context: ir.Context) -> ir.Module:
    """The module in another context."""
    bytecode = io.BytesIO()
    module.operation.write_bytecode(bytecode)
    return ir.Module.parse(bytecode.getvalue(), context=context)


def _main(module: ir.Module) -> Any:
    return next(op.operation for op in module.body.operations if op.operation.name == "func.func")


def _append(
    target: ir.Module, module: ir.Module, outputs: Sequence[Port], inputs: Sequence[Port]
) -> None:
    """Moves the body of `module` behind that of `target`, whose results become its arguments.

    States pass by: arguments and results of either are those of the whole.
    """
    main, appended = _main(target), _main(module)
    block, other = main.regions[0].blocks[0], appended.regions[0].blocks[0]
    old_return = list(block.operations)[-1].operation
    operations = [op.operation for op in other.operations]
    given = [
        (value, output, attributes)
        for value, output, attributes in zip(
            old_return.operands, outputs, main.attributes["res_attrs"], strict=True
        )
    ]
    values = iter((value, output) for value, output, _ in given if output.state is None)
    new_arguments = []
    for argument, port, attributes in zip(
        list(other.arguments), inputs, appended.attributes["arg_attrs"], strict=True
    ):
        if port.state is None:
            value, output = next(values)
            argument.replace_all_uses_with(_converted(value, output, port, old_return))
        else:
            argument.replace_all_uses_with(block.add_argument(argument.type, old_return.location))
            new_arguments.append(attributes)
    states = [(value, attributes) for value, output, attributes in given if output.state]
    for operation in operations[:-1]:
        operation.move_before(old_return)
    results = [*operations[-1].operands, *(value for value, _ in states)]
    ir.Operation.create(
        "func.return", operands=results, loc=old_return.location, ip=ir.InsertionPoint(old_return)
    )
    old_return.erase()
    _set_signature(
        main,
        [argument.type for argument in block.arguments],
        [*main.attributes["arg_attrs"], *new_arguments],
        [value.type for value in results],
        [*appended.attributes["res_attrs"], *(attributes for _, attributes in states)],
    )


def _set_signature(
    main: Any,
    arguments: Sequence[ir.Type],
    argument_attributes: Sequence[ir.Attribute],
    results: Sequence[ir.Type],
    result_attributes: Sequence[ir.Attribute],
) -> None:
    main.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(arguments, results))
    main.attributes["arg_attrs"] = ir.ArrayAttr.get(argument_attributes)
    main.attributes["res_attrs"] = ir.ArrayAttr.get(result_attributes)


def _converted(value: Any, output: Port, port: Port, before: ir.Operation) -> Any:
    """The value in the type of `port`: quantized or dequantized by what is known of the two."""
    quantization = _between(output, port)
    if output.dtype == port.dtype or quantization is None:
        return value
    name = "quantize" if output.dtype == "f32" else "dequantize"
    facts = {
        "scale": attribute_text(float(quantization.scale)),
        "zero_point": attribute_text(int(quantization.zero_point)),
    }
    if name == "quantize":
        facts["rounding"] = attribute_text("half_even")
    text = ", ".join(f"{key} = {facts[key]}" for key in sorted(facts))
    shape = list(ir.RankedTensorType(value.type).shape)
    operation = ir.Operation.create(
        "tosa.custom",
        results=[ir.RankedTensorType.get(shape, ir.Type.parse(port.dtype))],
        operands=[value],
        attributes={
            "operator_name": ir.StringAttr.get(name),
            "domain_name": ir.StringAttr.get("afe"),
            "implementation_attrs": ir.StringAttr.get("{" + text + "}"),
        },
        loc=ir.Location.name(port.name, ir.Location.file(name, 0, 0)),
        ip=ir.InsertionPoint(before),
    )
    return operation.results[0]


def _name(module: ir.Module, name: str) -> None:
    module.operation.attributes["afe.model_name"] = ir.StringAttr.get(name)


def _verify(module: ir.Module, name: str) -> None:
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        raise AfeError(
            ErrorCode.INTERNAL,
            f"the composed model '{name}' makes no valid TOSA",
            notes=str(error).splitlines()[:6],
        ) from error
