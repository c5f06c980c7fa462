"""`Model`: a quantized model that can be saved, loaded and compiled.

model = Model.from_file("resnet8_int8.tflite")
model.save("resnet8", "models")
report = Model.load("resnet8", "models").compile(output_path="out", batch_size=16)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.backends.mpk.interface import L2CachingMode
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions, check_dimensions, check_name

if TYPE_CHECKING:
    from afe.importers.common import Port
    from afe.package.report import CompileReport
    from afe.source import SourceModel


class Model:
    """A quantized model as TOSA. Make one with `from_file` or `load`."""

    def __init__(self, source: SourceModel) -> None:
        self._source = source

    @staticmethod
    def from_file(
        path: str | PathLike[str],
        *,
        name: str | None = None,
        dimensions: Mapping[str, int] | None = None,
    ) -> Model:
        """Imports a quantized .tflite, .onnx, .mlir or .mlirbc file, or opens a .sima.

        `name` replaces the file's; `dimensions` gives sizes to the symbolic dimensions of an ONNX
        model, by name (the batch is 1 where it is not given). Raises AfeError where the file is
        missing, damaged, of an unknown format, or holds what the compiler does not support.
        """
        from afe.source import read_source

        checked = check_name(name) if name is not None else None
        return Model(read_source(path, checked, check_dimensions(dimensions or {})))

    @staticmethod
    def load(
        model_name: str,
        network_directory: str | PathLike[str] = "",
        *,
        log_level: int = logging.NOTSET,
        include_unquantized_net: bool = True,
    ) -> Model:
        """Opens `<model_name>.sima` in `network_directory`, which may be the file itself.

        Raises AfeError FILE_NOT_FOUND, FILE_INVALID, UNSUPPORTED_FORMAT (another SDK's .sima) or
        UNSUPPORTED_VERSION.
        """
        from afe.sima import SUFFIX, locate, read_sima

        source = read_sima(locate(model_name, str(network_directory)))
        name = model_name.removesuffix(SUFFIX)
        return Model(source.renamed(check_name(name)) if name else source)

    def save(
        self,
        model_name: str,
        output_directory: str | PathLike[str] = "",
        *,
        log_level: int = logging.NOTSET,
        include_unquantized_net: bool = True,
    ) -> None:
        """Writes `<model_name>.sima`; AfeError OUTPUT_FAILED leaves nothing behind."""
        from afe.files import output_folder
        from afe.sima import SUFFIX, write_sima

        name = check_name(model_name.removesuffix(SUFFIX))
        with output_folder(Path(output_directory)) as folder:
            write_sima(self._source.renamed(name), folder / f"{name}{SUFFIX}")

    def compile(
        self,
        output_path: str | PathLike[str] = ".",
        batch_size: int = 1,
        compress: bool = True,
        log_level: int = logging.NOTSET,
        tessellate_parameters: Mapping[str, Any] | None = None,
        l2_caching_mode: L2CachingMode = L2CachingMode.NONE,
        preserve: bool = True,
        **kwargs: Any,
    ) -> CompileReport:
        """Compiles into `<output_path>/<name>_mpk.tar.gz` and prints what came of it.

        The batch is the largest that fits, up to `batch_size`. `compress` stores weights with
        fewer bytes where that is faster. `preserve` is accepted: nothing is written
        beside the archive. Further keywords are the fields of `afe.options.CompileOptions`.
        Nothing is printed at a `log_level` above INFO. Raises AfeError; then `output_path` is as
        before.
        """
        from afe.compiler import compile_model

        _refuse_unsupported(tessellate_parameters, l2_caching_mode)
        options = CompileOptions.from_keywords(
            kwargs | {"batch_size": batch_size, "compress": compress}
        )
        report = compile_model(self._copied_source, output_path, options)
        if log_level <= logging.INFO:
            print(report)
        return report

    @property
    def name(self) -> str:
        """The model's name; its archive is called after it."""
        return self._source.name

    @property
    def inputs(self) -> Sequence[Port]:
        """Name, dtype, shape and quantization of every input, in order."""
        return self._source.imported.inputs

    @property
    def outputs(self) -> Sequence[Port]:
        """Name, dtype, shape and quantization of every output, in order."""
        return self._source.imported.outputs

    def _copied_source(self) -> SourceModel:
        """A source the compiler may consume: the model can be compiled again."""
        imported = self._source.imported
        return replace(self._source, imported=replace(imported, module=imported.module.clone()))


def _refuse_unsupported(
    tessellate_parameters: Mapping[str, Any] | None, l2_caching_mode: L2CachingMode
) -> None:
    if tessellate_parameters:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            "tessellate_parameters is not supported by this version; leave it out: the compiler "
            "tessellates every MLA input and output by itself",
        )
    if l2_caching_mode is not L2CachingMode.NONE:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"l2_caching_mode {l2_caching_mode} is not supported by this version; use "
            "L2CachingMode.NONE",
        )
