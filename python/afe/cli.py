"""The command line: `afe COMMAND`, the same as `python -m afe COMMAND`.

An error of the user's is one sentence on stderr and exit status 2. With --json stdout is one JSON
object. Commands live in `afe.commands`; nothing heavy is imported before one is chosen.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from afe.errors import AfeError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits: 0, 2 for an error, 1 for a difference, 130 interrupted."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status."""
    interruption = _Interruption()
    try:
        interruption.install()
        options = make_parser().parse_args(arguments)
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except AfeError as error:
        return _report(error)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader of stdout is gone, as with `afe inspect … | head`: no more output, no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print("afe: error: not enough memory", file=sys.stderr)
        return EXIT_ERROR
    except RuntimeError:
        # Raised while a class is being made, an interruption comes out as another exception.
        if interruption.happened:
            return _interrupted()
        raise


EXIT_STATUSES = {
    0: "done; verify: equal; diff: the same; check: all on the MLA",
    1: "something was found: a difference (verify, diff), a remark (check)",
    EXIT_ERROR: "an error: one sentence on stderr, nothing written",
    EXIT_INTERRUPTED: "interrupted (Ctrl-C, SIGTERM): nothing written",
}
"""What every command returns."""


def _exit_text() -> str:
    lines = [f"  {status:>3}  {text}" for status, text in EXIT_STATUSES.items()]
    return "\n".join(["exit status:", *lines])


class _Interruption:
    """Ctrl-C and SIGTERM as KeyboardInterrupt, and whether there was one."""

    def __init__(self) -> None:
        self.happened = False

    def install(self) -> None:
        """Takes the signals; one that the parent has us ignore stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)

    def _interrupt(self, signal_number: int, frame: FrameType | None) -> None:
        self.happened = True
        raise KeyboardInterrupt


def _interrupted() -> int:
    print("afe: interrupted, nothing was written", file=sys.stderr)
    return EXIT_INTERRUPTED


def _report(error: AfeError) -> int:
    from afe.apis.error_handling_variables import verbose_error_messages

    if verbose_error_messages():
        import traceback

        traceback.print_exc()
    from afe.commands.terminal import styled

    print(f"{styled('afe: error:', 'red', sys.stderr)} {error}", file=sys.stderr)
    return EXIT_ERROR


class _Parser(argparse.ArgumentParser):
    """Errors as one sentence with the way to help."""

    def error(self, message: str) -> NoReturn:
        print(f"afe: error: {message}; see '{self.prog} --help'", file=sys.stderr)
        sys.exit(EXIT_ERROR)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line; completion scripts and docs/cli.md are made from it."""
    from afe import commands

    parser = _Parser(
        prog="afe",
        description="Compiles quantized neural networks for the MLA and runs their archives.",
        epilog=commands.EXAMPLES + "\n" + _exit_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    from afe.version import VERSION

    parser.add_argument("--version", action="version", version=f"afe {VERSION}")
    parser.set_defaults(command=lambda options: parser.error("no command"))
    commands.add_all(
        parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    )
    return parser
