"""The template script for a new pass, run on a copy of the folders it writes to."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
import tablegen


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/new_pass.py as a module."""
    path = tablegen.ROOT / "scripts" / "new_pass.py"
    spec = importlib.util.spec_from_file_location("new_pass", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the pass tables of this one."""
    for folder in ("lib/Transforms", "lib/Conversion/MLAToProgram"):
        (tmp_path / folder).mkdir(parents=True)
        for file in ("Passes.td", "CMakeLists.txt"):
            shutil.copy(tablegen.ROOT / folder / file, tmp_path / folder / file)
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "argument"),
    [("lib/Transforms", "afe-split-tiles"), ("lib/Conversion/MLAToProgram", "mla-split-tiles")],
)
def test_a_new_pass_is_complete(
    script: ModuleType, project: Path, folder: str, argument: str
) -> None:
    """Source, entry, CMake line and test are there, named by one chain; the entry is read."""
    arguments = ["SplitTiles", "--summary", "cuts large tiles.", "--folder", folder]
    assert script.main(arguments, project) == 0
    source = (project / folder / "SplitTiles.cpp").read_text()
    assert source.startswith(f"// --{argument}: cuts large tiles.")
    assert "GEN_PASS_DEF_SPLITTILESPASS" in source
    assert "SplitTiles.cpp" in (project / folder / "CMakeLists.txt").read_text()
    test = project / folder.replace("lib", "tests", 1) / "split-tiles.mlir"
    assert f"--{argument} | FileCheck" in test.read_text()
    generator = [str(tablegen.LLVM / "bin" / "mlir-tblgen"), "-gen-pass-decls"]
    command = [*generator, f"-I{tablegen.LLVM / 'include'}", str(project / folder / "Passes.td")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "class SplitTilesPassBase" in done.stdout


def test_nothing_is_overwritten(script: ModuleType, project: Path) -> None:
    """A name that is taken is refused, and no file changes."""
    arguments = ["SplitTiles", "--summary", "cuts large tiles"]
    script.main(arguments, project)
    table = (project / "lib/Transforms/Passes.td").read_text()
    with pytest.raises(SystemExit, match=r"SplitTiles\.cpp exists already"):
        script.main(arguments, project)
    assert (project / "lib/Transforms/Passes.td").read_text() == table


@pytest.mark.parametrize("arguments", [["split"], ["Split", "--folder", "lib/Nowhere"]])
def test_wrong_names_are_refused(script: ModuleType, project: Path, arguments: list[str]) -> None:
    """A name that is not in CamelCase, or a folder without passes."""
    with pytest.raises(SystemExit):
        script.main([*arguments, "--summary", "x"], project)
