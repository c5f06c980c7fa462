"""What a person sees: a passing line with times, colours; none of it in a file."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

DIGITS = "examples/digits/digits_cnn_qdq.onnx"
COLOUR = re.compile(r"\x1b\[\d+m")


def on_terminal(*arguments, **environment):
    """What the command line writes to a terminal, both streams together."""
    master, slave = pty.openpty()
    variables = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "afe", *map(str, arguments)],
        stdout=slave,
        stderr=slave,
        env=variables | {"TERM": "xterm"} | environment,
    )
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    return process.wait(timeout=120), written.decode()


def in_file(*arguments, **environment):
    """The same into pipes."""
    command = [sys.executable, "-m", "afe", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout + done.stderr


def test_progress_has_phases_with_times_and_goes_again(tmp_path):
    """Every phase, its seconds and those of all; the last thing of it is an erased line."""
    arguments = ("compile", DIGITS, "-o", tmp_path, "--target", "tiny")
    status, text = on_terminal(*arguments)
    assert status == 0
    for phase in ("import", "plan", "schedule", "package"):
        assert re.search(rf"\r\x1b\[K{phase}: \d+\.\d s, \d+\.\d s in all", text), phase
    shown = text[text.rindex("\r\x1b[K") :]
    status, plain = in_file(*arguments)
    assert shown.removeprefix("\r\x1b[K").replace("\r\n", "\n") == plain and "\x1b" not in plain


def test_a_search_says_which_batch_and_about_how_long(models, tmp_path):
    """The batch asked for first; behind it an estimate."""
    source = models / "resnet8_int8.tflite"
    status, text = on_terminal(
        "compile", source, "-o", tmp_path, "--target", "tiny", "--batch-size", 9
    )
    assert status == 0 and re.search(r"batch 9: plan: ", text)
    assert re.search(r"batch \d, about \d+ s left: plan: ", text)


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_for_terminals_that_want_them(tmp_path, environment):
    """An error is red where it can be, and the same words everywhere."""
    status, text = on_terminal("inspect", tmp_path / "none_mpk.tar.gz", **environment)
    assert status == 2 and bool(COLOUR.search(text)) == (not environment)
    _, plain = in_file("inspect", tmp_path / "none_mpk.tar.gz")
    assert COLOUR.sub("", text).strip() == plain.strip() and plain.startswith("afe: error: ")


def test_operators_off_the_mla_stand_out(models, tmp_path):
    """In `compile` and in `check`; --json stays one plain object."""
    source = models / "ssd_mobilenet_v1_coco_uint8.tflite"
    for arguments in (["compile", source, "-o", tmp_path], ["check", source]):
        _, text = on_terminal(*arguments)
        assert "\x1b[33mnot on the MLA\x1b[0m: " in text
    status, text = on_terminal("check", source, "--json")
    assert status == 1 and not COLOUR.search(text)
