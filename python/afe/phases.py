"""Bookkeeping around the phases: how long each took, and its module as a numbered file."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from afe.files import output_folder, write_atomically
from afe.logs import compiler_log

if TYPE_CHECKING:
    from afe import ir

Progress = Callable[[str], None]
"""Called with a phase's name when it begins."""


class PhaseLog:
    """Times phases in `seconds`; writes `NN-<phase>.mlir` after each into the folders `dump_to`.

    A phase that runs again, for another batch, adds to its seconds.
    """

    def __init__(self, dump_to: Sequence[str | None], progress: Progress | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._dump_to = [Path(folder) for folder in dump_to if folder]
        self._progress = progress
        self._within = ""
        self._dumped = 0

    @property
    def dumps(self) -> bool:
        """Whether modules are written to files."""
        return bool(self._dump_to)

    def within(self, what: str) -> None:
        """Phases from now on are part of `what`, as progress says."""
        self._within = what

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Callable[[ir.Module], None]]:
        """The body of phase `name`; it hands its finished module to what it is given."""
        if self._progress:
            self._progress(f"{self._within}: {name}" if self._within else name)
        begin = time.perf_counter()
        finished: list[ir.Module] = []
        yield finished.append
        took = time.perf_counter() - begin
        self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 6)
        compiler_log.debug("%s: %.3f s", name, took)
        for module in finished:
            self._dump(name, module)

    def _dump(self, name: str, module: ir.Module) -> None:
        if not self._dump_to:
            return
        self._dumped += 1
        text = io.StringIO()
        # Locations belong to the module: what continues from the file ends in the same bytes.
        module.operation.print(file=text, enable_debug_info=True)
        for dump_to in self._dump_to:
            with output_folder(dump_to) as folder:
                path = folder / f"{self._dumped:02}-{name}.mlir"
                write_atomically(path, [text.getvalue().encode()])
