"""Placement: small islands are pulled to the Cortex-A65, files are given back, edited or not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from afe import runtime
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.placement import read_placement

# Layers of bytes around two pieces in f32 that only the Cortex-A65 can do.
TOSA = """
!q = tensor<1x9x9x16xi8>
!f = tensor<1x9x9x16xf32>
func.func @main(%x: !q {afe.name = "x"}, %z: !f {afe.name = "z"}) -> (!q {afe.name = "y"}) {
  %0 = tosa.max_pool2d %x {kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>,
    stride = array<i64: 1, 1>} : (!q) -> !q loc("first"("m":1:0))
  %1 = tosa.cast %0 : (!q) -> !f loc("up"("m":2:0))
  %2 = tosa.sin %1 : (!f) -> !f loc("sine"("m":3:0))
  %3 = tosa.pow %2, %z : (!f, !f) -> !f loc("power"("m":4:0))
  %4 = tosa.cast %3 : (!f) -> !q loc("down"("m":5:0))
  %5 = tosa.max_pool2d %4 {kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>,
    stride = array<i64: 1, 1>} : (!q) -> !q loc("island"("m":6:0))
  %6 = tosa.cast %5 : (!q) -> !f loc("again"("m":7:0))
  %7 = tosa.pow %6, %z : (!f, !f) -> !f loc("root"("m":8:0))
  %8 = tosa.cast %7 : (!f) -> !q loc("last"("m":9:0))
  return %8 : !q
}
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A network that the processors could share in four handovers, or in one."""
    (tmp_path / "m.mlir").write_text(TOSA)
    return Model.from_file(tmp_path / "m.mlir")


def compiled(model: Model, folder: Path, **options: object) -> tuple[dict[str, int], np.ndarray]:
    """Segments, and the outputs of one random image."""
    report = model.compile(folder, log_level=50, **options)
    random = np.random.default_rng(3)
    x = random.integers(-99, 99, (1, 9, 9, 16)).astype(np.int8)
    z = random.integers(1, 4, x.shape).astype(np.float32)
    (result,) = runtime.load(report.archive).run([x, z]).outputs
    assert len(np.unique(result)) > 1
    return dict(report.segments), result


def test_a_small_island_is_pulled_to_the_host(model: Model, tmp_path: Path) -> None:
    """Two programs of one layer cost more in handovers than on the A65; results are the same."""
    apart, wanted = compiled(model, tmp_path / "a", disable=("pulled-islands",))
    together, got = compiled(model, tmp_path / "b")
    assert (apart["MLA"], apart["A65"]) == (2, 2)
    assert (together["MLA"], together["A65"]) == (1, 1)
    np.testing.assert_array_equal(got, wanted)


def test_a_saved_placement_gives_the_same_archive(model: Model, tmp_path: Path) -> None:
    """Unedited; every operator is in the file."""
    path = tmp_path / "p.json"
    first = model.compile(tmp_path / "a", log_level=50, save_placement=str(path))
    placement = read_placement(path)
    assert placement["first"] == "MLA" and placement["sine"] == placement["island"] == "A65"
    assert len(placement) == 9
    again = model.compile(tmp_path / "b", log_level=50, placement=str(path))
    assert Path(first.archive).read_bytes() == Path(again.archive).read_bytes()


def test_an_edited_placement_is_followed(model: Model, tmp_path: Path) -> None:
    """The first layer on the A65, the island back on the MLA."""
    path = tmp_path / "p.json"
    _, wanted = compiled(model, tmp_path / "a", save_placement=str(path))
    document = json.loads(path.read_text())
    for entry in document["operators"]:
        entry["processor"] = {"first": "A65", "island": "MLA"}.get(
            entry["operator"], entry["processor"]
        )
    path.write_text(json.dumps(document))
    segments, got = compiled(model, tmp_path / "b", placement=str(path))
    assert (segments["MLA"], segments["A65"]) == (1, 2)
    np.testing.assert_array_equal(got, wanted)


def placed(model: Model, folder: Path, *operators: tuple[str, str]) -> AfeError:
    """What a placement of these operators is refused with."""
    path = folder / "p.json"
    entries = [{"operator": name, "processor": processor} for name, processor in operators]
    path.write_text(json.dumps({"format": "afe-placement", "version": 1, "operators": entries}))
    with pytest.raises(AfeError) as caught:
        model.compile(folder / "out", log_level=50, placement=str(path))
    assert not (folder / "out").exists()
    return caught.value


def test_what_cannot_be_placed_is_named(model: Model, tmp_path: Path) -> None:
    """With the reason, or the nearest name."""
    error = placed(model, tmp_path, ("sine", "MLA"))
    assert error.code == ErrorCode.INVALID_OPTION and "'sine' cannot run on the MLA" in str(error)
    assert "f32" in str(error)
    error = placed(model, tmp_path, ("frist", "A65"))
    assert error.code == ErrorCode.INVALID_OPTION and "did you mean 'first'?" in str(error)
    error = placed(model, tmp_path, ("first", "GPU"))
    assert error.code == ErrorCode.FILE_INVALID and "placed on 'GPU'" in str(error)
    error = placed(model, tmp_path, ("first", "MLA"), ("first", "A65"))
    assert error.code == ErrorCode.FILE_INVALID and "placed twice" in str(error)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.FILE_INVALID),
        ("[]", ErrorCode.FILE_INVALID),
        ('{"format": "x"}', ErrorCode.FILE_INVALID),
        ('{"format": "afe-placement", "version": 7}', ErrorCode.UNSUPPORTED_VERSION),
        ('{"format": "afe-placement", "version": 1, "operators": 3}', ErrorCode.FILE_INVALID),
        ('{"format": "afe-placement", "version": 1, "operators": [{}]}', ErrorCode.FILE_INVALID),
        ("[" * 100_000, ErrorCode.FILE_INVALID),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, code: ErrorCode) -> None:
    """Each with a sentence that names the file."""
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(AfeError, match=r"p\.json") as caught:
        read_placement(path)
    assert caught.value.code == code


def test_missing_file(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(AfeError, match="no file") as caught:
        read_placement(tmp_path / "none.json")
    assert caught.value.code == ErrorCode.FILE_NOT_FOUND
