"""Bookkeeping around the phases: how long each took, and its module as a numbered file."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from afe.files import output_folder, write_atomically

if TYPE_CHECKING:
    from afe import ir

Progress = Callable[[str], None]
"""Called with a phase's name when it begins."""


class PhaseLog:
    """Times phases in `seconds`; with a folder, writes `NN-<phase>.mlir` after each.

    A phase that runs again, for another batch, adds to its seconds.
    """

    def __init__(self, dump_to: str | None, progress: Progress | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._dump_to = Path(dump_to) if dump_to else None
        self._progress = progress
        self._dumped = 0

    @property
    def dumps(self) -> bool:
        """Whether modules are written to files."""
        return self._dump_to is not None

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Callable[[ir.Module], None]]:
        """The body of phase `name`; it hands its finished module to what it is given."""
        if self._progress:
            self._progress(name)
        begin = time.perf_counter()
        finished: list[ir.Module] = []
        yield finished.append
        seconds = self.seconds.get(name, 0.0) + time.perf_counter() - begin
        self.seconds[name] = round(seconds, 6)
        for module in finished:
            self._dump(name, module)

    def _dump(self, name: str, module: ir.Module) -> None:
        if self._dump_to is None:
            return
        self._dumped += 1
        text = io.StringIO()
        # Locations belong to the module: what continues from the file ends in the same bytes.
        module.operation.print(file=text, enable_debug_info=True)
        with output_folder(self._dump_to) as folder:
            path = folder / f"{self._dumped:02}-{name}.mlir"
            write_atomically(path, [text.getvalue().encode()])
