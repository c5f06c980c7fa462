"""A genuine archive with one thing changed is refused, with the class of what is wrong."""

from __future__ import annotations

from pathlib import Path

import hostile
import pytest
from afe import cli, runtime
from afe.apis.model import Model
from afe.archive import read_archive, write_archive
from afe.commands.inspect_command import describe
from afe.errors import AfeError
from hand_made import with_manifest

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """The members of the digits example's archive, compiled for the small target."""
    folder = tmp_path_factory.mktemp("genuine")
    report = Model.from_file(DIGITS).compile(output_path=folder, target="tiny", log_level=50)
    return read_archive(Path(report.archive))


def _code(read, path):
    with pytest.raises(AfeError) as error:
        read(path)
    return error.value.code


def _written(tmp_path, members):
    path = tmp_path / "m_mpk.tar.gz"
    write_archive(path, members)
    return path


def test_the_genuine_archive_is_accepted(members, tmp_path):
    """Also rewritten with the helpers the hostile ones are made with: they add no fault."""
    path = tmp_path / "m_mpk.tar.gz"
    for content in (hostile.tar_of(members), hostile.tar_of(with_manifest(members))):
        path.write_bytes(content)
        runtime.load(path)
        assert len(describe(path, strict=True)["checked"]) == len(members)


def test_there_are_at_least_forty():
    """Counted, so that none is lost unseen."""
    groups = (hostile.TAMPERED, hostile.CONSISTENT, hostile.STRICT, hostile.RAW)
    assert sum(map(len, groups)) >= 70


@pytest.mark.parametrize("what", hostile.TAMPERED)
def test_changes_that_the_manifest_shows(members, tmp_path, what, capsys):
    """By the runtime and by every command that reads archives."""
    code, edit = hostile.TAMPERED[what]
    path = _written(tmp_path, edit(dict(members)))
    assert _code(runtime.load, path) is code and _code(describe, path) is code
    assert cli.run(["inspect", str(path)]) == cli.run(["disasm", str(path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("what", hostile.CONSISTENT)
def test_changes_that_the_manifest_agrees_with(members, tmp_path, what):
    """Whoever writes an archive writes its manifest, too."""
    code, edit = hostile.CONSISTENT[what]
    path = _written(tmp_path, with_manifest(edit(dict(members))))
    assert _code(runtime.load, path) is code


@pytest.mark.parametrize("what", hostile.STRICT)
def test_what_only_strict_reading_finds(members, tmp_path, what):
    """Members that no run needs: loaded, and refused by `afe inspect --strict`."""
    code, edit = hostile.STRICT[what]
    path = _written(tmp_path, with_manifest(edit(dict(members))))
    runtime.load(path)
    assert _code(lambda file: describe(file, strict=True), path) is code


@pytest.mark.parametrize("what", hostile.RAW)
def test_files_that_are_no_flat_tar_of_regular_files(members, tmp_path, what):
    """Before anything inside is looked at."""
    code, make = hostile.RAW[what]
    path = tmp_path / "m_mpk.tar.gz"
    path.write_bytes(make(dict(members)))
    assert _code(runtime.load, path) is code and _code(describe, path) is code
