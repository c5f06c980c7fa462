"""What API calls say, through `logging`: loggers below "afe", at the level a call is given.

A program that configures logging gets the records where it wants them. Where nothing is configured,
a call prints its messages of INFO and above on stdout: nobody should have to configure anything to
see what a compilation did.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

from afe.errors import AfeError, ErrorCode

ROOT = "afe"

compiler_log = logging.getLogger(f"{ROOT}.compiler")
"""Phases (DEBUG), batch, plugins, cycles and files (INFO), operators off the MLA (WARNING)."""

model_log = logging.getLogger(f"{ROOT}.model")
"""What the other calls of a model do (INFO)."""


@contextlib.contextmanager
def call_logging(log_level: int | None) -> Iterator[None]:
    """The body's messages of `log_level` and above; NOTSET or None keeps the logger's own level."""
    level = _checked(log_level)
    logger = logging.getLogger(ROOT)
    before = logger.level
    handler = None if logger.hasHandlers() else _plain_handler()
    if handler:
        logger.addHandler(handler)
    if level or (handler and not before):
        logger.setLevel(level or logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        if handler:
            logger.removeHandler(handler)


def _plain_handler() -> logging.Handler:
    """Messages alone, on what is stdout now."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _checked(level: object) -> int:
    if level is None:
        return logging.NOTSET
    if not isinstance(level, int) or isinstance(level, bool) or level < 0:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"option 'log_level' is {level!r}; allowed: a level of logging, as logging.WARNING",
        )
    return level
