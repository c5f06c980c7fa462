"""Target descriptions: names, files, ranges, and the attribute the C++ side reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from afe.errors import AfeError, ErrorCode
from afe.target import field_table, load_target, target_from_mapping, target_names


def _refused(content, tmp_path, name="t.yaml"):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(AfeError) as error:
        load_target(str(path))
    assert error.value.code is ErrorCode.INVALID_TARGET
    return str(error.value)


def test_the_packaged_targets_load():
    """mlsoc is the table's defaults, tiny is what its file says."""
    assert {"mlsoc", "tiny", "edge"} <= set(target_names())
    defaults = {field.name: field.default for field in field_table().values()}
    assert load_target("mlsoc").fields == defaults
    assert load_target("tiny").fields["l1_bytes"] == 65536
    assert load_target("tiny").fields["clock_mhz"] == defaults["clock_mhz"]


def test_the_attribute_names_every_field_in_order():
    """`#mla.target<"name", {field = value : i64, …}>`."""
    text = load_target("tiny").attribute_text()
    assert text.startswith('#mla.target<"tiny", {quads = 1 : i64, tiles = 4 : i64, ')
    assert text.count(" : i64") == len(field_table()) and text.endswith("}>")


def test_a_file_fills_up_with_the_defaults(tmp_path):
    """Fields left out are those of mlsoc."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nquads: 2\n")
    target = load_target(str(path))
    assert (target.name, target.fields["quads"], target.fields["tiles"]) == ("mine", 2, 24)
    assert target_from_mapping(target.as_dict(), "again") == target


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("quads: 0", ["'quads' is 0", "1 to 8"]),
        ("l1_bytes: 1", ["'l1_bytes' is 1", "16384 to 16777216 bytes"]),
        ("tiles: many", ["'tiles' is 'many'", "1 to 256"]),
        ("tiles: 2.5", ["'tiles' is 2.5"]),
        ("tiles: true", ["'tiles' is True"]),
        ("tyles: 3", ["unknown field 'tyles'", "did you mean 'tiles'?"]),
        ("3: 3", ["unknown field '3'"]),
        ("load_rate_max: 48", ["'load_rate_max' is 48", "32, 64 or 128"]),
        ("dram_refresh_cycles: 3900", ["'dram_refresh_cycles' is 3900", "0 to 3899"]),
    ],
)
def test_a_nonsense_value_names_field_value_and_range(tmp_path, line, parts):
    """The sentence a user can act on."""
    message = _refused(f"name: mine\n{line}\n", tmp_path)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize(
    "content", ["", "- 1", "a: [", "name: 3", "name: a/b", "quads: 2", "name: &a [*a]", "x" * 70000]
)
def test_files_that_describe_nothing_are_refused(tmp_path, content):
    """No mapping, no name, no YAML, too long."""
    _refused(content, tmp_path)


def test_unknown_names_list_the_known_ones():
    """Also names that try to be paths."""
    with pytest.raises(AfeError, match="known are edge, mlsoc, tiny"):
        load_target("nope")
    with pytest.raises(AfeError) as error:
        load_target("../targets/tiny")
    assert error.value.code is ErrorCode.FILE_NOT_FOUND


def test_the_machine_model_page_has_every_field_as_it_is():
    """docs/machine-model.md repeats the table of lib/Target/Target.def."""
    page = (Path(__file__).parents[2] / "docs" / "machine-model.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| `\w+` \| \d+ \|", line)]
    assert rows == [
        f"| `{f.name}` | {f.default} | {f.minimum} to {f.maximum} | {f.unit} | {f.provenance} "
        f"| {f.doc} |"
        for f in field_table().values()
    ]
