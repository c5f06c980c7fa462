"""Verbose errors, under the SDK's names. Errors of this compiler are never hidden; verbose adds
the Python traceback to what the command line prints."""

from __future__ import annotations

_verbose = False


def enable_verbose_error_messages() -> None:
    """Print tracebacks where the command line would print a sentence alone."""
    global _verbose
    _verbose = True


def disable_verbose_error_messages() -> None:
    """Print a sentence alone, the default."""
    global _verbose
    _verbose = False


def verbose_error_messages() -> bool:
    """Whether tracebacks are asked for."""
    return _verbose
