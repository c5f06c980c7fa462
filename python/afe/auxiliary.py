"""A network of transforms: every input passes the same transforms and becomes an output."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.common import ImportedModel, Port
from afe.importers.module_builder import DTYPE_OF_NUMPY
from afe.options import check_name, name_from
from afe.package.manifest import Provenance
from afe.package.network import TensorType
from afe.source import SourceModel
from afe.transforms.base import SCALARS, Composition, Stored, Transform, Writer

PRODUCER = "afe"


def auxiliary_source(
    transforms: Sequence[Transform], input_types: Mapping[str, TensorType], name: str
) -> SourceModel:
    """The network as a model; its file is its description.

    Raises AfeError INVALID_OPTION (what is no transform, no input) or INVALID_INPUT (a transform
    that does not take a type).
    """
    for entry in transforms:
        if not isinstance(entry, Transform):
            raise _invalid(f"transforms holds {entry!r}; see afe.apis.transform")
    if not input_types:
        raise _invalid("input_types must name at least one input")
    whole = Composition(tuple(transforms))
    for input_name, tensor in input_types.items():
        _check_type(input_name, tensor)
        whole.get_result_type(tensor)
    imported = _build(whole, input_types, name)
    described = repr((whole, sorted((key, str(tensor)) for key, tensor in input_types.items())))
    checksum = hashlib.sha256(described.encode()).hexdigest()
    return SourceModel(check_name(name_from(name)), imported, Provenance(name, checksum))


def _build(whole: Composition, input_types: Mapping[str, TensorType], name: str) -> ImportedModel:
    builder = TosaBuilder(name, PRODUCER, name)
    ports = [_port(key, tensor) for key, tensor in input_types.items()]
    with builder.context:
        results = []
        for port, tensor, argument in zip(
            ports, input_types.values(), builder.arguments(ports), strict=True
        ):
            builder.at(port.name, 0)
            signed = builder.to_signed(argument) if port.dtype == "ui8" else argument
            stored = whole.write(Writer(builder), Stored(signed, tensor.scalar))
            results.append((_output_name(port.name, whole), stored))
        outputs = [_port(key, stored.type) for key, stored in results]
        tensors = [_outer(builder, stored) for _, stored in results]
        module = builder.finish(tensors, outputs)
    return ImportedModel(module, builder.context, name, PRODUCER, tuple(ports), tuple(outputs))


def _outer(builder: TosaBuilder, stored: Stored) -> Tensor:
    return builder.to_unsigned(stored.tensor) if stored.scalar == "uint8" else stored.tensor


def _output_name(input_name: str, whole: Composition) -> str:
    return f"{input_name}_{whole.name}"


def _port(name: str, tensor: TensorType) -> Port:
    import numpy as np

    return Port(name, tensor.shape, DTYPE_OF_NUMPY[np.dtype(tensor.scalar)])


def _check_type(name: object, tensor: object) -> None:
    if not isinstance(name, str) or not name:
        raise _invalid(f"input_types has the key {name!r}; keys are names")
    if not isinstance(tensor, TensorType) or tensor.scalar not in SCALARS:
        raise _invalid(
            f"input_types['{name}'] is {tensor!r}; expected a TensorType of {', '.join(SCALARS)}"
        )
    if not tensor.shape or any(type(size) is not int or size < 1 for size in tensor.shape):
        raise _invalid(f"the shape of '{name}' is {tensor.shape!r}; expected sizes, images first")


def _invalid(text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, text)
