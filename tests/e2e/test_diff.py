"""`afe diff`: nothing for equal archives, exactly what changed for others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from afe import cli
from afe.apis.model import Model

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """One model compiled four ways, by a word for each."""
    model = Model.from_file(DIGITS)
    ways = {
        "plain": {},
        "again": {"threads": 2},
        "renamed": {"name": "other"},
        "batched": {"batch_size": 3},
        "elf": {"binary_suffix": "elf"},
        "mlsoc": {"target": "mlsoc"},
    }
    paths = {}
    for way, options in ways.items():
        folder = tmp_path_factory.mktemp(way)
        report = model.compile(folder, log_level=50, **({"target": "tiny"} | options))
        paths[way] = report.archive
    return paths


def _diff(archives, capsys, a, b):
    """Exit status and parsed JSON."""
    status = cli.run(["diff", archives[a], archives[b], "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_two_compilations_of_one_model_are_the_same(archives, capsys):
    """Exit status 0, whatever the number of threads."""
    status, result = _diff(archives, capsys, "plain", "again")
    assert status == 0 and result.pop("same") is True
    assert all(changes == [] for changes in result.values())
    assert cli.run(["diff", archives["plain"], archives["again"]]) == 0
    assert capsys.readouterr().out.startswith("the same")


def test_another_name_changes_no_plugin_and_no_cycle(archives, capsys):
    """File names are compared without the archive's own; programs are the same bytes."""
    status, result = _diff(archives, capsys, "plain", "renamed")
    assert status == 1 and result["chain"] == result["cycles"] == result["layers"] == []
    changed = {change["what"] for change in result["files"]}
    assert changed == {"*_mpk.json", "0_process_mla.json"}


def test_a_batch_changes_options_sizes_cycles_and_layers(archives, capsys):
    """Every section names its part."""
    status, result = _diff(archives, capsys, "plain", "batched")
    assert status == 1
    option = {"what": "options.batch_size", "before": 1, "after": 3}
    assert option in result["provenance"]
    chain = {change["what"]: (change["before"], change["after"]) for change in result["chain"]}
    assert chain["MLA_0.config.actual_batch_size"] == (1, 3)
    assert chain["tessellate_0.output_nodes[0].size"] == (64, 192)
    layer = next(entry for entry in result["layers"] if entry["name"].endswith("conv2d_relu_0"))
    macs = next(change for change in layer["changes"] if change["what"] == "macs")
    assert macs["after"] == 3 * macs["before"]


def test_added_and_removed_files_are_told_apart(archives, capsys):
    """The other suffix of the program."""
    _, result = _diff(archives, capsys, "plain", "elf")
    files = {c["what"]: (c["before"] is None, c["after"] is None) for c in result["files"]}
    assert files["*_stage1_mla.lm"] == (False, True)
    assert files["*_stage1_mla.elf"] == (True, False)


def test_the_text_shows_sections_and_signed_cycles(archives, capsys):
    """For a reader; the other target's fields are named."""
    assert cli.run(["diff", archives["plain"], archives["mlsoc"]]) == 1
    text = capsys.readouterr().out
    for part in ("files:", "provenance:", "cycles:", "layers:", "target.name: tiny -> mlsoc"):
        assert part in text
    assert "MLA_0.target.quads: 1 -> 4" in text and " cycles (-" in text


def test_what_is_no_archive_is_an_error(archives, tmp_path, capsys):
    """Exit status 2 and a sentence."""
    assert cli.run(["diff", archives["plain"], str(tmp_path / "none.tar.gz")]) == 2
    assert "there is no archive" in capsys.readouterr().err
