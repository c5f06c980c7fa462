"""What a compilation leaves behind: the same bytes, numbered phases, nothing after a failure."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from afe import runtime
from afe.apis.model import Model
from afe.compiler import PIPELINES
from golden import differing, samples

PROJECT = Path(__file__).parents[2]
DIGITS = PROJECT / "examples" / "digits" / "digits_cnn_qdq.onnx"


def afe(*arguments, **keywords):
    """Runs the command line in a process of its own."""
    command = [sys.executable, "-m", "afe", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **keywords)


CLOCKS = """
import sys, time
shift = float(sys.argv.pop(1))
real, real_ns = time.time, time.time_ns
time.time, time.time_ns = lambda: real() + shift, lambda: real_ns() + int(shift * 1e9)
from afe.cli import main
main()
"""
DECADE = 10 * 365 * 86400
SURROUNDINGS = [
    # hash seed, threads, time zone, clock, folder
    ("0", 1, "UTC", 0, "a"),
    ("0", 1, "UTC", 0, "again"),
    ("99", 2, "Asia/Tokyo", DECADE, "other/deep"),
    ("random", 8, "America/Lima", -DECADE, "with space"),
]


@pytest.mark.parametrize("name", ["resnet8_int8.tflite", "kws_dscnn_int8.tflite"])
def test_the_surroundings_do_not_change_the_bytes(models, tmp_path, name):
    """Two runs; threads, hash seed, time zone, clock, working and output folder: one archive."""
    archives = set()
    for seed, threads, zone, shift, where in SURROUNDINGS:
        folder = tmp_path / where
        folder.mkdir(parents=True)
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        command = [sys.executable, "-c", CLOCKS, str(shift), "compile", models / name, "-o", "out"]
        process = subprocess.run(
            [*command, "--threads", str(threads), "--batch-size", "3", "--target", "edge"],
            capture_output=True, text=True, timeout=300, env=environment, cwd=folder,
        )  # fmt: skip
        assert process.returncode == 0, process.stderr
        (archive,) = (folder / "out").iterdir()
        archives.add(archive.read_bytes())
    assert len(archives) == 1


def test_two_compilations_into_one_folder_each_end_complete(models, tmp_path):
    """Under one name, at once and again and again: the archive is always one of the two, whole."""
    sources = [models / "kws_dscnn_int8.tflite", DIGITS]
    alone = []
    for number, source in enumerate(sources):
        process = afe("compile", source, "-o", tmp_path / str(number), "--name", "m")
        assert process.returncode == 0, process.stderr
        alone.append((tmp_path / str(number) / "m_mpk.tar.gz").read_bytes())
    out = tmp_path / "out"
    command = [sys.executable, "-m", "afe", "compile", "-o", out, "--name", "m"]
    running = [
        subprocess.Popen([*command, source], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for source in sources * 2
    ]
    seen = set()
    while any(process.poll() is None for process in running):
        if (out / "m_mpk.tar.gz").exists():
            seen.add((out / "m_mpk.tar.gz").read_bytes())
        time.sleep(0.02)
    assert all(process.returncode == 0 for process in running), running[0].stderr.read()
    seen.add((out / "m_mpk.tar.gz").read_bytes())
    assert seen <= set(alone)
    assert [path.name for path in out.iterdir()] == ["m_mpk.tar.gz"]


def test_a_file_that_may_not_grow_is_a_sentence_and_leaves_nothing(tmp_path):
    """As on a full disk: the limit of the process on the size of files."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    script = limit + "from afe.cli import main; main()"
    out = tmp_path / "out"
    process = subprocess.run(
        [sys.executable, "-c", script, "compile", DIGITS, "-o", out], capture_output=True, text=True
    )
    assert process.returncode == 2 and "File too large" in process.stderr
    assert "Traceback" not in process.stderr and not out.exists()


def test_a_read_only_folder_is_a_sentence(tmp_path):
    """A file system that nobody may write to, not even its owner."""
    for folder in ("/sys/kernel", "/proc/self"):
        process = afe("compile", DIGITS, "-o", f"{folder}/out")
        assert process.returncode == 2 and "cannot write" in process.stderr
        assert "Traceback" not in process.stderr and process.stdout == ""


def test_a_saved_model_compiles_to_the_same_archive_again_and_again(tmp_path, caplog):
    """From the file, from the .sima, and a second time from one object."""
    model = Model.from_file(DIGITS)
    model.save("digits_cnn_qdq", tmp_path)
    loaded = Model.load("digits_cnn_qdq", tmp_path)
    reports = [
        model.compile(output_path=tmp_path / "a"),
        loaded.compile(output_path=tmp_path / "b"),
        loaded.compile(output_path=tmp_path / "c", batch_size=2, log_level=logging.INFO),
        loaded.compile(output_path=tmp_path / "d"),
    ]
    first, second, batched, third = (Path(report.archive).read_bytes() for report in reports)
    assert first == second == third != batched
    assert any("desired 2, actual 2" in record.message for record in caplog.records)


def test_json_is_one_object_and_lists_the_archives_members(tmp_path):
    """stdout has nothing else, stderr nothing at all."""
    process = afe("compile", DIGITS, "-o", tmp_path, "--name", "d", "--json")
    assert process.returncode == 0 and process.stderr == ""
    report = json.loads(process.stdout)
    with tarfile.open(tmp_path / "d_mpk.tar.gz") as tar:
        assert report["files"] == [{"name": i.name, "bytes": i.size} for i in tar]
        stats = yaml.safe_load(tar.extractfile("d_stage1_mla_stats.yaml"))
    assert stats[len(stats) - 1]["end_cycle"] + 1 == report["cycles"]["MLA_0"]["deterministic"]
    assert all(row["name"].startswith("MLA_0/") for row in stats.values())
    assert set(report["seconds"]) == {"import", *PIPELINES, "host-code", "package"}
    assert report["archive"] == str(tmp_path / "d_mpk.tar.gz")


def test_every_phase_is_a_file_that_mla_opt_continues_to_the_same_bytes(tmp_path):
    """From each phase through the rest of the pipeline."""
    mla_opt = _mla_opt()
    dumps = tmp_path / "phases"
    process = afe("compile", DIGITS, "-o", tmp_path, "--dump-phases", dumps)
    assert process.returncode == 0, process.stderr
    names = [f"{k:02}-{n}.mlir" for k, n in enumerate(("import", *PIPELINES), start=1)]
    assert sorted(path.name for path in dumps.iterdir()) == names
    final = (dumps / names[-1]).read_text()
    for number, name in enumerate(names[:-1]):
        phases = [f"--afe-phase-{phase}" for phase in PIPELINES[number:]]
        command = [mla_opt, dumps / name, *phases, "--mlir-print-debuginfo"]
        continued = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert continued.returncode == 0, continued.stderr
        assert continued.stdout == final, f"continued from {name}"


def test_disassembled_programs_are_assembled_to_the_same_bytes(tmp_path):
    """`afe disasm` and `mla-translate`."""
    process = afe("compile", DIGITS, "-o", tmp_path, "--name", "d", "--target", "tiny")
    assert process.returncode == 0, process.stderr
    text = afe("disasm", tmp_path / "d_mpk.tar.gz", "--json")
    assert text.returncode == 0, text.stderr
    (program,) = json.loads(text.stdout).values()
    translate = Path(_mla_opt()).with_name("mla-translate")
    assembled = subprocess.run(
        [translate, "--mlir-to-lm"], input=program.encode(), capture_output=True, timeout=60
    )
    assert assembled.returncode == 0, assembled.stderr
    with tarfile.open(tmp_path / "d_mpk.tar.gz") as tar:
        assert tar.extractfile("d_stage1_mla.lm").read() == assembled.stdout


def test_a_batch_equals_single_images(models, tmp_path):
    """To the bit, and with the cycles of the batch."""
    name = "resnet8_int8.tflite"
    images = np.concatenate([sample.inputs[0] for sample in samples(models, name)])
    model = Model.from_file(models / name)
    single = runtime.load(model.compile(output_path=tmp_path / "1").archive).run([images])
    report = model.compile(output_path=tmp_path / "2", batch_size=2)
    assert report.actual_batch_size == 2 and report.batch_limit_reason == ""
    batched = runtime.load(report.archive).run([images], accelerator=True)
    assert batched.groups == 2 and single.groups == 3
    assert differing(batched.outputs[0], single.outputs[0]) == 0
    assert batched.cycles == report.cycles


@pytest.mark.parametrize(
    "name, target, asked",
    [("resnet8_int8.tflite", "tiny", 9), ("kws_dscnn_int8.tflite", "edge", 40)],
)
def test_a_batch_that_does_not_fit_is_reduced_and_equals_single_images(
    models, tmp_path, name, target, asked
):
    """To the bit; the reason has the bytes of the next larger batch, and the layer."""
    model = Model.from_file(models / name)
    images = np.concatenate([sample.inputs[0] for sample in samples(models, name)])
    single = model.compile(output_path=tmp_path / "1", target=target)
    report = model.compile(output_path=tmp_path / "n", target=target, batch_size=asked)
    actual = report.actual_batch_size
    assert 1 < actual < asked
    assert re.fullmatch(
        rf"batch {actual + 1} needs [0-9.]+ KiB of L2 at MLA_0/\w+, \d+ KiB there",
        report.batch_limit_reason,
    )
    refused = next(entry for entry in report.batches_tried if entry.batch == actual + 1)
    assert refused.needed_l2_bytes > {"tiny": 262144, "edge": 393216}[target]
    assert {entry.batch for entry in report.batches_tried} >= {1, actual, actual + 1, asked}
    several = np.resize(images, (actual + 1, *images.shape[1:]))
    batched = runtime.load(report.archive).run([several], accelerator=True)
    expected = runtime.load(single.archive).run([several])
    assert differing(batched.outputs[0], expected.outputs[0]) == 0
    assert batched.cycles == report.cycles


def test_an_operator_that_ties_the_batch_is_named(models, tmp_path):
    """There is no search, and one batch was tried: the model's own."""
    model = Model.from_file(models / "bert_tiny_s8_qdq.onnx")
    report = model.compile(output_path=tmp_path, batch_size=4)
    assert report.actual_batch_size == 1 and "'tosa.gather'" in report.batch_limit_reason
    (only,) = report.batches_tried
    assert only.batch == 1 and only.scheduled_cycles_per_image == report.cycles["total"].wall


def test_phases_of_a_reduced_batch_are_continued_to_the_same_bytes(models, tmp_path):
    """The numbered files are those of the batch found, and of nothing else that was tried."""
    dumps = tmp_path / "phases"
    model = Model.from_file(models / "resnet8_int8.tflite")
    options = {"target": "tiny", "batch_size": 9}
    dumped = model.compile(output_path=tmp_path / "a", dump_phases_to=str(dumps), **options)
    plain = model.compile(output_path=tmp_path / "b", **options)
    assert len(list(dumps.iterdir())) == 1 + len(PIPELINES)
    assert Path(dumped.archive).read_bytes() == Path(plain.archive).read_bytes()


def test_threads_do_not_change_a_run(models, tmp_path):
    """Outputs and cycles of the simulator with one and two threads."""
    name = "kws_dscnn_int8.tflite"
    (sample, *_) = samples(models, name)
    loaded = runtime.load(Model.from_file(models / name).compile(output_path=tmp_path).archive)
    one = loaded.run(sample.inputs, accelerator=True, threads=1)
    two = loaded.run(sample.inputs, accelerator=True, threads=2)
    assert differing(one.outputs[0], two.outputs[0]) == 0 and one.cycles == two.cycles


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4, 0.8])
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing_behind(models, tmp_path, seconds, signal_number):
    """At any time: either the whole archive is there, or nothing."""
    out = tmp_path / "out" / "deep"
    source = models / "mobilenet_v2_224_uint8.tflite"
    command = [sys.executable, "-m", "afe", "compile", source, "-o", out]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(signal_number)
    _, errors = process.communicate(timeout=60)
    if process.returncode == 0:
        assert [path.name for path in out.iterdir()] == ["mobilenet_v2_224_uint8_mpk.tar.gz"]
    else:
        assert "Traceback" not in errors or seconds == 0.05  # Python itself was still starting
        assert not (tmp_path / "out").exists()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path):
    """A file system without room, where this machine lets us make one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "none", small], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        process = afe("compile", DIGITS, "-o", small / "out")
        assert process.returncode == 2 and "No space left on device" in process.stderr
        assert "Traceback" not in process.stderr and list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_printing_between_passes_timing_and_statistics_reach_stderr(tmp_path):
    """As `mlir-opt` users expect; the archive is unchanged."""
    plain = afe("compile", DIGITS, "-o", tmp_path / "a")
    flags = ["--mlir-print-ir-after-change", "--mlir-timing", "--mlir-pass-statistics"]
    process = afe("compile", DIGITS, "-o", tmp_path / "b", *flags)
    assert plain.returncode == process.returncode == 0, process.stderr
    assert "IR Dump After" in process.stderr
    assert "Execution time report" in process.stderr and "Pass statistics report" in process.stderr
    name = "digits_cnn_qdq_mpk.tar.gz"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def _mla_opt() -> str:
    """The tool beside the interpreter's environment, in the project's build, or on the PATH."""
    built = sorted(PROJECT.glob("build*/**/bin/mla-opt"), key=lambda path: path.stat().st_mtime)
    found = str(built[-1]) if built else shutil.which("mla-opt")
    assert found, "mla-opt is not built: make build"
    return found
