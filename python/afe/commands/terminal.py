"""What the command line does where a person looks at it: a passing line, colours.

Nothing of it is written where the stream is no terminal. Colours also stay away with NO_COLOR (see
no-color.org) and on a dumb terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

Progress = Callable[[str], None]

_STYLES = {"red": "31", "green": "32", "yellow": "33", "bold": "1"}
_TICK_SECONDS = 0.2


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style of `_STYLES` if `stream` (stdout) shows colours."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if has_colours(stream or sys.stdout) else text


def has_colours(stream: TextIO) -> bool:
    """Whether a person sees the stream, and in colours."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


@contextlib.contextmanager
def terminal_progress() -> Iterator[Progress]:
    """Shows what it is told on a passing line of stderr, with the seconds of it and of all.

    The line goes with the body, however that ends.
    """
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    line = _Line()
    line.start()
    try:
        yield line.tell
    finally:
        line.stop()


class _Line(threading.Thread):
    """The passing line, written again while time passes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._begin = self._told = time.monotonic()
        self._text = ""
        self._ended = threading.Event()

    def tell(self, text: str) -> None:
        """What is done from now on."""
        self._text, self._told = text, time.monotonic()
        self._write()

    def run(self) -> None:
        """Until the end."""
        while not self._ended.wait(_TICK_SECONDS):
            self._write()

    def stop(self) -> None:
        """Removes the line."""
        self._ended.set()
        self.join()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    def _write(self) -> None:
        now = time.monotonic()
        if self._text:
            spent = f"{now - self._told:.1f} s, {now - self._begin:.1f} s in all"
            sys.stderr.write(f"\r\x1b[K{self._text}: {spent}")
            sys.stderr.flush()
