"""`.sima` files: saved, loaded, and everything else told apart."""

from __future__ import annotations

import struct

import pytest
from afe import ir
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.sima import read_sima
from afe.version import SIMA_VERSION

TOSA = """
!t = tensor<1x3x5x7xi8>
module attributes {afe.producer = "tosa", afe.model_name = "net"} {
  func.func @main(%x: !t {afe.name = "x"}) -> (!t {afe.name = "y"}) {
    %y = tosa.clamp %x {min_val = 0 : i8, max_val = 100 : i8} : (!t) -> !t loc("relu"("a":3:0))
    return %y : !t
  }
}
"""


@pytest.fixture
def model(tmp_path):
    """A model of one operator, from a TOSA file."""
    (tmp_path / "net.mlir").write_text(TOSA)
    return Model.from_file(tmp_path / "net.mlir")


def _text(model):
    return model._source.module.operation.get_asm(enable_debug_info=True)


def test_a_saved_model_is_the_same_model(model, tmp_path):
    """Module, locations, ports and provenance come back; the name is the file's."""
    model.save("other", tmp_path / "models")
    loaded = Model.load("other", tmp_path / "models")
    assert _text(loaded) == _text(model) and 'loc("relu"' in _text(loaded)
    assert loaded.name == "other" and model.name == "net"
    assert list(loaded.inputs) == list(model.inputs)
    assert list(loaded.outputs) == list(model.outputs)
    assert loaded._source.provenance == model._source.provenance
    assert loaded._source.provenance.model_path == "net.mlir"


def test_the_second_argument_may_be_the_file(model, tmp_path):
    """Or a folder; the name may bear the suffix."""
    model.save("a.sima", tmp_path)
    path = tmp_path / "a.sima"
    assert Model.load("a", path).name == Model.load("a.sima", tmp_path).name == "a"
    assert Model.load("renamed", str(path)).name == "renamed"
    assert Model.from_file(path).name == "a"


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    """Also from a loaded model."""
    model.save("a", tmp_path)
    first = (tmp_path / "a.sima").read_bytes()
    Model.load("a", tmp_path).save("a", tmp_path)
    assert (tmp_path / "a.sima").read_bytes() == first


def _refused(path, code):
    with pytest.raises(AfeError) as error:
        read_sima(path)
    assert error.value.code is code
    return str(error.value)


def test_another_version_is_refused_with_the_remedy(model, tmp_path):
    """Both versions are named."""
    model.save("a", tmp_path)
    path = tmp_path / "a.sima"
    data = bytearray(path.read_bytes())
    data[8:12] = struct.pack("<I", SIMA_VERSION + 1)
    path.write_bytes(data)
    message = _refused(path, ErrorCode.UNSUPPORTED_VERSION)
    assert f"version {SIMA_VERSION + 1}" in message and "save it again" in message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a zip archive as the vendor's SDK"),
        (b"\x80\x04\x95rest", "a Python pickle as the vendor's SDK"),
        (b"\x1f\x8b\x08rest", "a gzip file as the vendor's SDK"),
        (b"ML\xefRrest", "bare MLIR bytecode"),
        (b"\x1c\0\0\0TFL3", "not a .sima file of this compiler"),
        (b"", "not a .sima file of this compiler"),
    ],
)
def test_files_of_other_makers_are_named(tmp_path, content, what):
    """The vendor's SDK uses the same suffix."""
    path = tmp_path / "a.sima"
    path.write_bytes(content)
    assert what in _refused(path, ErrorCode.UNSUPPORTED_FORMAT)


def test_any_damage_is_noticed(model, tmp_path):
    """Every byte counts: flipped, cut, extended."""
    model.save("a", tmp_path)
    path = tmp_path / "a.sima"
    good = path.read_bytes()
    for position in range(12, len(good), 37):
        path.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        _refused(path, ErrorCode.FILE_INVALID)
    for content in (good[:9], good[:40], good[:-1], good + b"x"):
        path.write_bytes(content)
        _refused(path, ErrorCode.FILE_INVALID)


def test_missing_files_and_names_with_paths(tmp_path):
    """Named as what they are."""
    with pytest.raises(AfeError) as error:
        Model.load("none", tmp_path)
    assert error.value.code is ErrorCode.FILE_NOT_FOUND
    with pytest.raises(AfeError) as error:
        Model.load("../none", tmp_path)
    assert error.value.code is ErrorCode.INVALID_OPTION


def test_a_model_cannot_be_saved_outside_of_its_folder(model, tmp_path):
    """Names have no path, and folders are made."""
    with pytest.raises(AfeError):
        model.save("../a", tmp_path)
    with pytest.raises(AfeError) as error:
        model.save("a", "/proc/nowhere")
    assert error.value.code is ErrorCode.OUTPUT_FAILED
    assert not list(tmp_path.glob("*.sima"))


def test_bytecode_is_parsed_by_this_mlir(model, tmp_path):
    """The module inside is plain MLIR bytecode behind the metadata."""
    model.save("a", tmp_path)
    data = (tmp_path / "a.sima").read_bytes()
    with ir.Context():
        module = ir.Module.parse(data[data.index(b"ML\xefR") :])
        assert "tosa.clamp" in str(module)
