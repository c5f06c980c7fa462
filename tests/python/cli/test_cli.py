"""The command line: sentences and exit status 2 for errors, one JSON object with --json."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from afe import cli
from afe.archive import write_archive
from afe.commands import NAMES
from afe.package.manifest import Provenance
from afe.package.mpk import build_package
from afe.package.report import cycles_from
from afe.runtime import mla
from afe.target import load_target
from hand_made import quantized_network


def afe(*arguments, **keywords):
    """Runs the command line in a process of its own."""
    command = [sys.executable, "-m", "afe", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **keywords)


class Doubling:
    """An MLA that gives every byte of its output the value 2."""

    def __init__(self, name, program, config):
        self.size = config["output_tensors"][0]["size"]
        self.cycles = config["cycles"]

    def run(self, inputs, *, accelerator, threads):
        """Twos."""
        cycles = cycles_from(self.cycles) if accelerator else None
        return mla.SimulationResult([np.full(self.size, 2, np.uint8)], cycles)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A hand-made archive whose MLA program is a stand-in."""
    monkeypatch.setattr("afe.runtime.session.MlaProgram", Doubling)
    package = build_package(quantized_network(), "m", Provenance("m", "0"), load_target("mlsoc"))
    path = tmp_path / "m_mpk.tar.gz"
    write_archive(path, package.members)
    return path


@pytest.fixture
def inputs(tmp_path):
    """Three images by position."""
    path = tmp_path / "in.npz"
    np.savez(path, in0=np.zeros((3, 5, 3, 7), np.uint8))
    return path


BAD = {
    "no command": [],
    "unknown command": ["bake"],
    "unknown option": ["compile", "m.tflite", "-o", "out", "--nonsense"],
    "no output": ["compile", "m.tflite"],
    "missing file": ["compile", "none.tflite", "-o", "out"],
    "unknown target": ["compile", "m.tflite", "-o", "out", "--target", "nope"],
    "missing target file": ["compile", "m.tflite", "-o", "out", "--target", "nope.yaml"],
    "an effort that is none": ["compile", "m.tflite", "-o", "out", "--effort", "most"],
    "an optimisation that is none": ["compile", "m.tflite", "-o", "out", "--disable", "haste"],
    "explain nothing": ["explain", "none.tflite"],
    "explain with an option of compile": ["explain", "m.tflite", "--binary-suffix", "elf"],
    "batch 0": ["compile", "m.tflite", "-o", "out", "--batch-size", "0"],
    "batch that is no number": ["compile", "m.tflite", "-o", "out", "--batch-size", "x"],
    "a dimension without a size": ["compile", "m.tflite", "-o", "out", "--dim", "height"],
    "a dimension of no size": ["compile", "m.tflite", "-o", "out", "--dim", "height=0"],
    "two sizes": ["compile", "m.onnx", "-o", "out", "--dim", "h=2", "--dim", "h=3"],
    "a name with a path": ["compile", "m.tflite", "-o", "out", "--name", "../x"],
    "an unwritable folder": ["compile", "m.tflite", "-o", "/proc/nowhere"],
    "a file as folder": ["compile", "m.tflite", "-o", "file"],
    "no archive": ["run", "none_mpk.tar.gz", "--inputs", "in.npz", "-o", "out.npz"],
    "inspect a text": ["inspect", "file"],
    "disassemble nothing": ["disasm", "none.lm"],
    "unknown target to show": ["targets", "nope"],
    "verify nothing": ["verify", "none.tflite"],
    "verify another format": ["verify", "file"],
}


@pytest.mark.parametrize("what", BAD)
def test_errors_are_a_sentence_and_status_2(tmp_path, what):
    """No traceback, nothing on stdout, nothing left behind."""
    (tmp_path / "file").write_text("text")
    process = afe(*BAD[what], cwd=tmp_path)
    assert process.returncode == 2, process.stderr
    assert process.stderr.startswith("afe: error: ") and "Traceback" not in process.stderr
    assert process.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_help_shows_examples_and_every_command():
    """Without importing what the commands need."""
    process = afe("--help")
    assert process.returncode == 0 and "examples:" in process.stdout
    for command in NAMES:
        assert re.search(rf"^ +{command}\s", process.stdout, re.MULTILINE), command
        text = afe(command, "--help").stdout
        assert "examples:" in text and "--json" in text


def test_parsing_imports_nothing_heavy():
    """A wrong option is answered without numpy, the compiler or the model libraries."""
    code = (
        "import sys; from afe.cli import run\n"
        "run(['compile', 'x', '-o', 'y', '--target', 'nope'])\n"
        "print(sorted({'numpy', 'afe.ir', 'onnx', 'tflite', 'llvmlite'} & set(sys.modules)))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "[]\n", process.stderr


def test_run_writes_outputs_by_name_and_prints_json(archive, inputs, tmp_path, capsys):
    """Padded to the batch and cut again: three images in, three out."""
    out = tmp_path / "out.npz"
    assert cli.run(["run", str(archive), "--inputs", str(inputs), "-o", str(out), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["outputs"] == [{"name": "z", "dtype": "float32", "shape": [3, 2, 3, 19]}]
    assert "cycles" not in described
    with np.load(out) as arrays:
        assert list(arrays) == ["z"] and np.all(arrays["z"] == 1.25)


def test_accelerator_mode_prints_the_reports_keys(archive, inputs, tmp_path, capsys):
    """Per segment and in total."""
    arguments = ["run", str(archive), "--inputs", str(inputs), "-o", str(tmp_path / "o.npz")]
    assert cli.run([*arguments, "--accelerator", "--json"]) == 0
    cycles = json.loads(capsys.readouterr().out)["cycles"]
    assert list(cycles) == ["MLA_0", "total"]
    assert cycles["total"]["wall"] == 107 and cycles["total"]["bound_terms"]["vector"] == 3
    assert cli.run([*arguments, "--accelerator"]) == 0
    assert "MLA_0: wall 107 = deterministic 100 + stalls 7" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"PK\x03\x04junk"])
def test_files_that_are_no_npz_are_refused(archive, tmp_path, content, capsys):
    """Whatever is given as --inputs."""
    (tmp_path / "bad.npz").write_bytes(content)
    out = tmp_path / "o.npz"
    status = cli.run(["run", str(archive), "--inputs", str(tmp_path / "bad.npz"), "-o", str(out)])
    assert status == 2 and "not an .npz" in capsys.readouterr().err and not out.exists()


def test_pickles_in_an_npz_are_not_executed(archive, tmp_path, capsys):
    """Objects are refused."""
    np.savez(tmp_path / "bad.npz", in0=np.array([{"a": 1}], object))
    arguments = ["--inputs", str(tmp_path / "bad.npz"), "-o", str(tmp_path / "o.npz")]
    assert cli.run(["run", str(archive), *arguments]) == 2
    assert "not an .npz" in capsys.readouterr().err


def test_inspect_shows_files_chain_batch_and_layers(archive, capsys):
    """As text and as JSON."""
    assert cli.run(["inspect", str(archive)]) == 0
    text = capsys.readouterr().out
    assert "m_stage1_mla.lm" in text and "desired 1, actual 1" in text
    assert "MLA_0/pad_1+MLA_0/add_2" in text and "quantization_transform" in text
    assert cli.run(["inspect", str(archive), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert [layer["end_cycle"] for layer in described["layers"]] == [40, 99]
    assert described["cycles"]["MLA_0"]["wall"] == 107


def test_targets_lists_and_shows(capsys):
    """Names with their size; one target's every field."""
    assert cli.run(["targets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tiny"]["l2_bytes"] == 262144
    assert cli.run(["targets", "tiny"]) == 0
    assert "l2_bytes                   262,144 bytes" in capsys.readouterr().out


def test_a_closed_pipe_is_no_error():
    """`afe targets | head -0`."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [sys.executable, "-m", "afe", "targets"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    _, errors = process.communicate(timeout=60)
    assert errors == "" and process.returncode == 0


DIGITS = "examples/digits/digits_cnn_qdq.onnx"


def test_explain_prints_a_table_and_a_layer():
    """The table has every layer; the name of one gives its sentences, in text and as JSON."""
    table = afe("explain", DIGITS, "--target", "edge")
    assert table.returncode == 0, table.stderr
    layers = [line.split()[1] for line in table.stdout.splitlines()[1:-1]]
    assert len(layers) > 2 and all(name.startswith("MLA_") for name in layers)
    name = layers[0].split("/")[1]
    one = afe("explain", DIGITS, name, "--disable", "cascades")
    assert "next best: " in one.stdout and "cascades are disabled" in one.stdout, one.stdout
    whole = json.loads(afe("explain", DIGITS, name, "--json").stdout)
    (decision,) = (layer for part in whole["decisions"].values() for layer in part)
    assert decision["layer"] == name and decision["sources"] and decision["alone"]


def test_explain_names_the_nearest_layer():
    """One sentence and exit status 2."""
    result = afe("explain", DIGITS, "conv2")
    assert result.returncode == 2 and "did you mean 'conv2d" in result.stderr, result.stderr


def test_compile_reports_decisions_and_takes_switches(tmp_path):
    """`decisions` of the report; low effort without cascades is another program."""
    arguments = ["compile", DIGITS, "-o", tmp_path, "--json", "--effort", "low"]
    result = afe(*arguments, "--disable", "cascades", "--disable", "in-place-sums")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    layers = [layer for part in report["decisions"].values() for layer in part]
    assert layers and all(len(layer["run"]) == 1 for layer in layers)
    assert any(layer["run_end"]["why"] == "disabled" for layer in layers)
