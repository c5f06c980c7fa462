"""The lines the SDK documents for its compile step, run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from afe.apis.model import Model

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"

LOAD = """
from afe.apis.model import Model
quant_model = Model.load("digits", "models")
"""
COMPILE = 'quant_model.compile(output_path="out")\n'
COMPILE_16 = 'quant_model.compile(output_path="out", batch_size=16)\n'
LIST = """
import tarfile
file = tarfile.open("out/digits_mpk.tar.gz")
print(*file.getnames(), sep="\\n")
"""
STATISTICS = """
import yaml
with tarfile.open("out/digits_mpk.tar.gz") as file:
    stats = yaml.safe_load(file.extractfile("digits_stage1_mla_stats.yaml"))
for number, layer in stats.items():
    print(number, layer["name"], layer["start_cycle"], layer["end_cycle"])
"""
BATCH = """
import json
with tarfile.open("out/digits_mpk.tar.gz") as file:
    plugins = json.load(file.extractfile("digits_mpk.json"))["plugins"]
(mla,) = (plugin for plugin in plugins if plugin["name"] == "MLA_0")
config = mla["config_params"]
print(mla["processor"], config["desired_batch_size"], config["actual_batch_size"],
      config["number_of_quads_to_user"])
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script where `models/digits.sima` is; what it printed."""
    Model.from_file(DIGITS).save("digits", tmp_path / "models")

    def run(script):
        process = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
        )
        assert process.returncode == 0 and process.stderr == "", process.stderr
        return process.stdout

    return run


def test_load_compile_and_list(run, tmp_path):
    """One archive, flat, named after the model; the members are those that were reported."""
    reported, listed = run(LOAD + COMPILE), run(LIST)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["digits_mpk.tar.gz"]
    names = listed.split()
    assert names[:3] == ["digits_mpk.json", "digits_stage1_mla.lm", "digits_stage1_mla_stats.yaml"]
    assert all(f"  {name}\n" in reported for name in names)
    assert "batch: desired 1, actual 1\n" in reported


def test_a_batch_of_16_is_reported_and_stands_in_the_json(run):
    """Desired, actual, and quads where the documentation looks for them."""
    assert "batch: desired 16, actual 16\n" in run(LOAD + COMPILE_16)
    assert run(LIST + BATCH).endswith("MLA 16 16 4\n")


def test_statistics_are_rows_without_gaps(run):
    """The first row starts at 0, each other one behind the one before it."""
    run(LOAD + COMPILE)
    rows = [line.split() for line in run(LIST + STATISTICS).splitlines() if "MLA_0/" in line]
    assert [row[0] for row in rows] == [str(number) for number in range(len(rows))]
    ends = [int(row[3]) for row in rows]
    assert [int(row[2]) for row in rows] == [0, *(end + 1 for end in ends[:-1])]


def test_tessellation_as_newer_releases_document_it(run, tmp_path):
    """Inputs HWC, outputs HWC16, driven by the MLA: no tessellation is left for the EV74."""
    run(
        LOAD
        + """
from afe.apis.defines import TensorTessellateParameters, TensorDRAMLayout
input_tess = TensorTessellateParameters(
    tile_shape=(0, 0, 0, 0), enable_mla=True, dram_layout=TensorDRAMLayout.HWC)
output_tess = TensorTessellateParameters(
    tile_shape=(0, 0, 0, 0), enable_mla=True, dram_layout=TensorDRAMLayout.HWC16)
tess_params = {}
mla = quant_model.mla_tensors()["MLA_0"]
for name in mla.input_names:
    tess_params[name] = input_tess
for name in mla.output_names:
    tess_params[name] = output_tess
quant_model.compile(output_path="out", tessellate_parameters=tess_params)
"""
    )
    kernels = yaml.safe_load(
        run(LIST + BATCH + 'print([p["name"] for p in plugins])').split("4\n")[-1]
    )
    assert not [name for name in kernels if "tessellate" in name]
