"""The compiler's stages, from a model to its archive.

    import -> canonicalize -> lower -> partition -> layout -> plan -> place -> schedule -> encode
    -> host code -> package

Import and packaging are Python, the phases between are pass pipelines of the same names in C++
(lib/Pipelines). After every phase the module can be written to a file and continued by `mla-opt`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from afe.archive import archive_path, write_archive
from afe.batch import BatchSearch, allow_spills, finished_tries, is_tied, state_limit, tried
from afe.files import output_folder, write_atomically
from afe.options import CompileOptions
from afe.package.decisions import Decision
from afe.package.mpk import Package, build_package
from afe.package.network import Network, placed
from afe.package.profile import profile_text
from afe.package.report import (
    ArchiveFile,
    BatchTry,
    CompileReport,
    cycles_of,
    peak_bytes_of,
    weights_of,
)
from afe.phases import PhaseLog, Progress
from afe.placement import (
    check_placement,
    host_operators,
    keep_on_host,
    read_placement,
    remember_placement,
    remembered_placement,
    write_placement,
)
from afe.source import SourceModel
from afe.target import Target, load_target
from afe.tessellation import MlaTensors, border_names, state_tessellation

if TYPE_CHECKING:
    from afe import ir

PIPELINES = (
    "canonicalize",
    "lower",
    "partition",
    "layout",
    "plan",
    "place",
    "schedule",
    "encode",
)
"""Phase `x` is the pass pipeline `afe-phase-x`; `canonicalize` takes the batch size."""

PARTITIONING = PIPELINES[: PIPELINES.index("partition") + 1]
"""Phases up to the segments."""

SOLVERS = ("layout", "plan", "place", "schedule")
"""Phases that take the effort and the disabled optimisations."""


def compile_model(
    read: Callable[[], SourceModel],
    output_path: str | PathLike[str],
    options: CompileOptions,
    *,
    progress: Progress | None = None,
) -> CompileReport:
    """Compiles the model that `read` gives into `<output_path>/<name>_mpk.tar.gz`.

    The module is consumed. Raises AfeError; then `output_path` is as it was before.
    """
    target = load_target(options.target)
    with output_folder(Path(output_path)) as folder:
        log = _phase_log(options, progress)
        source = import_phase(read, target, options, log)
        source, tries = compile_phases(source, target, options, log)
        network = host_code_phase(source, options, log)
        tries = finished_tries(tries, network)
        report = package_phase(source, network, tries, target, folder, options, log)
        if options.save_placement is not None:
            write_placement(Path(options.save_placement), remembered_placement(source.module))
        return report


def decide(
    read: Callable[[], SourceModel],
    options: CompileOptions,
    *,
    progress: Progress | None = None,
) -> Mapping[str, Sequence[Decision]]:
    """Compiles the model that `read` gives up to its schedule; the decisions per MLA segment.

    The module is consumed; nothing is written. Raises AfeError.
    """
    from afe.package.read_module import decisions_of

    log = _phase_log(options, progress)
    target = load_target(options.target)
    source = import_phase(read, target, options, log)
    source, _ = compile_phases(source, target, options, log, last="schedule")
    return decisions_of(source.module)


def mla_tensors(
    read: Callable[[], SourceModel], options: CompileOptions
) -> Mapping[str, MlaTensors]:
    """The tensors at the border of every MLA segment; the module is consumed. Raises AfeError."""
    log = _phase_log(options, None)
    source = import_phase(read, load_target(options.target), options, log)
    return border_names(partitioned(source.module, options, log))


def import_phase(
    read: Callable[[], SourceModel], target: Target, options: CompileOptions, log: PhaseLog
) -> SourceModel:
    """The model as TOSA, with the target on the module."""
    from afe import ir

    with log.phase("import") as finish:
        source = read()
        module = source.module
        if options.keep_layer_outputs or options.isolate_layers:
            from afe.layer_outputs import expose_layer_outputs

            expose_layer_outputs(module, isolate=options.isolate_layers)
        context = source.imported.context
        # Printing whole modules between passes needs one thread.
        context.enable_multithreading(options.threads > 1 and not options.prints_ir)
        attribute = ir.Attribute.parse(target.attribute_text(), context=context)
        module.operation.attributes["mla.target"] = attribute
        finish(module)
    return source


def compile_phases(
    source: SourceModel,
    target: Target,
    options: CompileOptions,
    log: PhaseLog,
    *,
    last: str = PIPELINES[-1],
) -> tuple[SourceModel, Sequence[BatchTry]]:
    """Runs the pass pipelines, each a phase of its own, for the largest feasible batch."""
    planned = PIPELINES.index("plan") + 1
    module = source.module
    if options.batch_size == 1:
        module = partitioned(module, options, log)
        run_phases(module, PIPELINES[len(PARTITIONING) : planned], options, log)
        tries: Sequence[BatchTry] = (tried(module, 1),)
    else:
        module, tries = choose_batch(module, target, options, log)
    run_phases(module, PIPELINES[planned : PIPELINES.index(last) + 1], options, log)
    return source.with_module(module), tries


def choose_batch(
    module: ir.Module, target: Target, options: CompileOptions, log: PhaseLog
) -> tuple[ir.Module, Sequence[BatchTry]]:
    """The module planned for the largest feasible batch up to the one asked for."""
    planning = PIPELINES[len(PARTITIONING) : PIPELINES.index("plan") + 1]

    def plan(batch: int, allowed: Collection[str] | None, is_final: bool) -> ir.Module:
        at_batch = dataclasses.replace(options, batch_size=batch)
        copy = partitioned(module.clone(), at_batch, log, dump=is_final)
        if allowed is not None and not is_tied(copy):
            allow_spills(copy, allowed)
        run_phases(copy, planning, at_batch, log, dump=is_final)
        return copy

    search = BatchSearch(
        target.fields["l2_bytes"], lambda batch, allowed: plan(batch, allowed, False), log.within
    )
    found = search.run(options.batch_size)
    log.within("")
    if log.dumps:
        found = dataclasses.replace(found, module=plan(found.batch, found.allowed, True))
    state_limit(found)
    return found.module, found.tries


def partitioned(
    module: ir.Module, options: CompileOptions, log: PhaseLog, *, dump: bool = True
) -> ir.Module:
    """Segments for the MLA and the Cortex-A65, placed as asked for, else as is cheapest.

    The module is consumed.
    """
    unplaced = module.clone()
    run_phases(module, PARTITIONING, options, log, dump=False)

    def again(operators: Sequence[str]) -> ir.Module:
        copy = unplaced.clone()
        keep_on_host(copy, operators)
        run_phases(copy, PARTITIONING, options, log, dump=False)
        return copy

    on_host = host_operators(module, options, again)
    if on_host or (dump and log.dumps):
        module = unplaced
        if on_host:
            keep_on_host(module, on_host)
        run_phases(module, PARTITIONING, options, log, dump=dump)
    if options.placement is not None:
        check_placement(read_placement(Path(options.placement)), module)
    if options.save_placement is not None:
        remember_placement(module)
    return module


def run_phases(
    module: ir.Module,
    phases: Sequence[str],
    options: CompileOptions,
    log: PhaseLog,
    *,
    dump: bool = True,
) -> None:
    """Runs the named pipelines; `dump` lets their modules be written where that is asked for."""
    from afe.pipelines import run_pipeline

    for phase in phases:
        with log.phase(phase) as finish:
            run_pipeline(module, _pipeline_text(phase, options), options)
            if phase == "partition":
                state_tessellation(module, options.tessellate_parameters)
            if dump:
                finish(module)


def host_code_phase(source: SourceModel, options: CompileOptions, log: PhaseLog) -> Network:
    """Shared objects for what runs on the Cortex-A65; the network as plain data."""
    from afe.package.read_module import has_host_segments, read_network

    with log.phase("host-code") as finish:
        if has_host_segments(source.module):
            from afe.a65 import compile_segments

            compile_segments(source.module)
            finish(source.module)
        network = read_network(source.module, options.batch_size)
        return placed(network, options.tessellate_parameters)


def package_phase(
    source: SourceModel,
    network: Network,
    tries: Sequence[BatchTry],
    target: Target,
    folder: Path,
    options: CompileOptions,
    log: PhaseLog,
) -> CompileReport:
    """The archive, and the report about it."""
    name = options.name or source.name
    path = archive_path(folder, name)
    with log.phase("package"):
        profiles = {
            segment.name: profile_text(segment, target) for segment in network.mla_segments.values()
        }
        package = build_package(network, name, source.provenance, target, options, profiles)
        write_archive(path, package.members)
    report = _report(path, package, network, tries, log)
    if options.retained_temporary_directory_name is not None:
        retain(Path(options.retained_temporary_directory_name), package.members, report)
    return report


def retain(folder: Path, members: Mapping[str, bytes], report: CompileReport) -> None:
    """The archive's members as files, and `report.json`; AfeError OUTPUT_FAILED."""
    with output_folder(folder):
        for name, data in members.items():
            write_atomically(folder / name, [data])
        write_atomically(folder / "report.json", [report.to_json(indent=1).encode()])


def _phase_log(options: CompileOptions, progress: Progress | None) -> PhaseLog:
    return PhaseLog((options.dump_phases_to, options.retained_temporary_directory_name), progress)


def _pipeline_text(phase: str, options: CompileOptions) -> str:
    arguments = ""
    if phase == "canonicalize":
        arguments = f"{{batch-size={options.batch_size}}}"
    elif phase == "lower" and options.arm_only:
        arguments = "{arm-only}"
    elif phase in SOLVERS:
        arguments = f"{{{options.solver_arguments}}}"
    return f"afe-phase-{phase}{arguments}"


def _report(
    path: Path, package: Package, network: Network, tries: Sequence[BatchTry], log: PhaseLog
) -> CompileReport:
    files = [ArchiveFile(name, len(data)) for name, data in package.members.items()]
    return CompileReport(
        archive=str(path),
        files=files,
        desired_batch_size=network.desired_batch,
        actual_batch_size=network.actual_batch,
        batch_limit_reason=network.batch_limit_reason,
        batches_tried=tries,
        segments=package.segments,
        fallbacks=network.fallbacks,
        cycles=cycles_of(network),
        peak_bytes=peak_bytes_of(network),
        weights=weights_of(network),
        seconds=log.seconds,
        decisions={name: part.decisions for name, part in network.mla_segments.items()},
    )
