"""A model compiled into a folder of its own and run there: what accelerator mode, reference files
and performance figures need."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from afe.archive import read_archive
from afe.errors import AfeError, ErrorCode
from afe.files import output_folder, write_atomically
from afe.package.report import CompileReport
from afe.runtime.batching import Inputs

if TYPE_CHECKING:
    from afe.options import CompileOptions
    from afe.runtime.schema import Plugin
    from afe.runtime.session import LoadedArchive, RunResult
    from afe.source import SourceModel

Array = NDArray[Any]


@dataclass(frozen=True)
class Deployed:
    """A compiled model: its report, the archive's members, and the archive ready to run."""

    report: CompileReport
    members: Mapping[str, bytes]
    loaded: LoadedArchive

    @property
    def profiles(self) -> dict[str, dict[str, Any]]:
        """What `*_mla_profile.yaml` says, by the segment's name."""
        from afe.package.validation import read_profile

        programs = {
            plugin.name: f"{Path(plugin.executable).stem}_profile.yaml"
            for plugin in self.loaded.chain.plugins
            if plugin.processor == "MLA"
        }
        return {name: read_profile(file, self.members[file]) for name, file in programs.items()}


@contextlib.contextmanager
def deployed(read: Callable[[], SourceModel], options: CompileOptions) -> Iterator[Deployed]:
    """Compiles what `read` gives; nothing is left of it behind the body. Raises AfeError."""
    from afe import runtime
    from afe.compiler import compile_model

    with tempfile.TemporaryDirectory(prefix="afe-") as folder:
        report = compile_model(read, folder, options)
        yield Deployed(report, read_archive(Path(report.archive)), runtime.load(report.archive))


def run_on_accelerator(
    read: Callable[[], SourceModel], samples: Iterable[Inputs], options: CompileOptions
) -> tuple[RunResult, dict[str, dict[str, Any]]]:
    """All samples behind one another through the compiled model, with cycles and stalls; and the
    profile of every MLA segment, which has the stalls by cause and by layer."""
    with deployed(read, options) as model:
        arrays = joined([model.loaded.ordered(sample) for sample in samples])
        result = model.loaded.run(arrays, accelerator=True, threads=options.threads)
        return result, model.profiles


def joined(samples: Sequence[Sequence[Array]]) -> list[Array]:
    """Per input the arrays of all samples behind one another; INVALID_INPUT for none."""
    if not samples:
        raise AfeError(ErrorCode.INVALID_INPUT, "there is no input data")
    return [
        np.concatenate(parts) if len(parts) > 1 else parts[0]
        for parts in zip(*samples, strict=True)
    ]


# --- reference files -----------------------------------------------------------------------------


def write_reference_files(
    read: Callable[[], SourceModel],
    samples: Iterable[Inputs],
    folder: Path,
    options: CompileOptions,
) -> list[str]:
    """Program, inputs and expected outputs of every MLA segment; the names of the files.

    `<program>.elf`, and per group of images `<program>.ifm_<k>.bin` and
    `<program>.ofm_chk_<k>.bin`: the bytes of the segment's buffers in DRAM; `<program>.json` says
    which tensors lie in them.
    Everything is complete or, with an AfeError, not there.
    """
    files: dict[str, bytes] = {}
    with output_folder(folder), deployed(read, options) as model:
        counts: dict[str, int] = {}

        def keep(plugin: Plugin, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
            if plugin.processor != "MLA":
                return
            group = counts.get(plugin.name, 0)
            counts[plugin.name] = group + 1
            stem = Path(plugin.executable).stem
            files[plugin.executable] = model.members[plugin.executable]
            files[f"{stem}.ifm_{group}.bin"] = np.ascontiguousarray(inputs[0]).tobytes()
            files[f"{stem}.ofm_chk_{group}.bin"] = np.ascontiguousarray(outputs[0]).tobytes()
            files[f"{stem}.json"] = _tensors_text(plugin, group + 1)

        arrays = joined([model.loaded.ordered(sample) for sample in samples])
        model.loaded.run(arrays, threads=options.threads, observer=keep)
        for name, data in sorted(files.items()):
            write_atomically(folder / name, [data])
    return sorted(files)


def _tensors_text(plugin: Plugin, groups: int) -> bytes:
    document = {
        "segment": plugin.name,
        "groups": groups,
        "inputs": _placed(plugin.config["input_tensors"]),
        "outputs": _placed(plugin.config["output_tensors"]),
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _placed(tensors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tensors with their offsets in the segment's one buffer."""
    placed, offset = [], 0
    for tensor in tensors:
        placed.append(dict(tensor) | {"offset": offset})
        offset += tensor["size"]
    return placed


# --- performance ---------------------------------------------------------------------------------


def performance(read: Callable[[], SourceModel], options: CompileOptions) -> dict[str, Any]:
    """The figures of a compiled model as JSON-able values (docs/archive.md)."""
    from afe.target import load_target

    clock_mhz = int(load_target(options.target).fields["clock_mhz"])
    with deployed(read, options) as model:
        profiles, report = list(model.profiles.values()), model.report
    total = report.cycles["total"]
    seconds = total.wall / (clock_mhz * 1e6)
    return {
        "model": model.loaded.chain.name,
        "target": {"name": options.target, "clock_mhz": clock_mhz},
        "desired_batch_size": report.desired_batch_size,
        "actual_batch_size": report.actual_batch_size,
        "mla_cycles": {"wall": total.wall, "stalls": total.stalls, "bound": total.lower_bound},
        "mla_milliseconds": round(1e3 * seconds, 6),
        "mla_images_per_second": round(report.actual_batch_size / seconds, 2) if seconds else None,
        "percent_of_bound": round(100 * total.wall / total.lower_bound, 2) if total.wall else None,
        "macs": sum(layer["macs"] for profile in profiles for layer in profile["layers"]),
        "dram_bytes": sum(profile["dram"]["bytes"] for profile in profiles),
        "plugins": dict(report.segments),
        "operators_off_the_mla": len(report.fallbacks),
        "peak_bytes": dict(report.peak_bytes),
        "layers": [
            {key: layer[key] for key in ("name", "cycles", "macs", "percent_of_peak", "sources")}
            | {"dram_bytes": layer["dram"]["bytes"], "stalls": sum(layer["stalls"].values())}
            for profile in profiles
            for layer in profile["layers"]
        ],
    }


def write_performance(figures: Mapping[str, Any], path: Path, name: str) -> Path:
    """The figures as JSON in `path`, or in `<name>_kpi.json` of the folder `path`."""
    file = path / f"{name}_kpi.json" if path.is_dir() else path
    with output_folder(file.parent):
        text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
        write_atomically(file, [text.encode()])
    return file
