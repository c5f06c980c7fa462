"""What one compilation costs and what its program needs, shared by the benchmarks.

A model is compiled by a process of its own, as a user would, so that user seconds and peak memory
are those of the whole command. The program's figures come from the archive it leaves.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ERROR_LENGTH = 300
_USAGE = Path(__file__).with_name("usage.py")
_NOTE_DESCRIPTION = 16
"""Bytes of `.note.mla` before its description: three words and the owner's name."""
_NOTE_QUADS = 8
_NOTE_COUNTS = 40
"""Where in the description the number of quads and the instructions of each quad stand."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A whole `afe compile` process; `report` is what it printed as JSON."""

    user_seconds: float
    peak_megabytes: float
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProgramFigures:
    """Sums over the MLA programs of an archive, for one group of images."""

    wall_cycles: int
    dram_bytes: int
    instructions: int
    instruction_bytes: int


class CompilationFailed(Exception):
    """`afe compile` ended with an error; the text is its message in one line."""


def compile_once(
    model: Path, folder: Path, *flags: str, timeout_seconds: float = 3600
) -> Compilation:
    """Compiles `model` into `folder`; raises CompilationFailed."""
    command = [sys.executable, "-m", "afe", "compile", str(model), "-o", str(folder), "--json"]
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        tempfile.NamedTemporaryFile() as usage_file,
    ):
        watcher = [sys.executable, "-S", str(_USAGE), usage_file.name, str(timeout_seconds)]
        subprocess.run([*watcher, *command, *flags], stdout=output, stderr=errors, check=True)
        usage = json.load(usage_file)
        if usage["is_late"]:
            raise CompilationFailed(f"stopped after {timeout_seconds:.0f} seconds")
        if usage["exit_code"] != 0:
            raise CompilationFailed(_message(errors) or f"ended with {usage['exit_code']}")
        output.seek(0)
        report = json.load(output)
    return Compilation(usage["user_seconds"], usage["peak_megabytes"], report)


def _message(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").split("\n")
    return "; ".join(line.strip() for line in lines if line.strip())[:ERROR_LENGTH]


def program_figures(archive: Path) -> ProgramFigures:
    """Simulates the programs' timelines, without values, and counts instructions."""
    from afe import _sim
    from afe.runtime.mla import program_target
    from afe.runtime.opened import open_archive

    opened = open_archive(archive)
    wall = dram = count = size = 0
    for plugin in opened.chain.plugins:
        if plugin.processor != "MLA":
            continue
        program = opened.members[plugin.executable]
        target = program_target(plugin.config, plugin.name)
        stats = _sim.stats(_sim.load(program), target.as_dict())
        instructions, instruction_bytes = instruction_figures(program)
        wall, dram = wall + stats["wall"], dram + stats["dram_bytes"]
        count, size = count + instructions, size + instruction_bytes
    return ProgramFigures(wall, dram, count, size)


def instruction_figures(program: bytes) -> tuple[int, int]:
    """Instructions and bytes of instruction words of a `.lm` file (docs/isa.md), all quads."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(program))
    size = sum(
        section["sh_size"]
        for section in elf.iter_sections()
        if section.name.startswith(".mla.text.")
    )
    (note,) = (s.data()[_NOTE_DESCRIPTION:] for s in elf.iter_sections() if s.name == ".note.mla")
    (quads,) = struct.unpack_from("<I", note, _NOTE_QUADS)
    return sum(struct.unpack_from(f"<{quads}I", note, _NOTE_COUNTS)), size
