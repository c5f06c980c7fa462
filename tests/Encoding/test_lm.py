"""The `.lm` encoder and decoder: round trips, hostile files, what other tools say of the ELF."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cpp_tests

SOURCES = ["tests/Encoding/*Test.cpp", "lib/Encoding/*.cpp", "lib/Target/*.cpp"]


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cpp_tests.build(tmp_path_factory.mktemp("encoding"), "encoding-test", SOURCES)


def test_cases_hold_under_sanitizers(executable: Path) -> None:
    """Every case of the C++ executable holds, and none does anything undefined."""
    assert "ok: random programs come back unchanged" in cpp_tests.run(executable)


def test_readelf_and_pyelftools_agree_with_the_file(executable: Path, tmp_path: Path) -> None:
    """llvm-readelf finds nothing to warn of, and sections bear the names the SDK gives them."""
    from elftools.elf.elffile import ELFFile

    path = tmp_path / "example.lm"
    cpp_tests.run(executable, "--write", str(path))
    done = subprocess.run(
        ["llvm-readelf-22", "-a", str(path)], capture_output=True, text=True, check=True
    )
    assert "warning" not in done.stderr + done.stdout
    with path.open("rb") as file:
        elf = ELFFile(file)
        names = [section.name for section in elf.iter_sections()]
        image = elf.get_section_by_name("data.ifm.persistent.input_00/MLA_0/placeholder_0_0.b0")
        assert (image["sh_addr"], image["sh_size"]) == (2048, 150528)
        segments = [s["p_vaddr"] for s in elf.iter_segments("PT_LOAD")]
    assert "data.ofm.persistent.output_00/Softmax.b0" in names
    assert {f".mla.text.q{quad}" for quad in range(4)} <= set(names)
    assert segments == sorted(segments)
