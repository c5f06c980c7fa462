"""The report: keys, sums and the printed summary."""

from __future__ import annotations

import dataclasses
import json

from afe.package.report import ArchiveFile, BatchTry, CompileReport, cycles_of, peak_bytes_of
from hand_made import cycles, quantized_network


def _report():
    network = quantized_network((4, 2))
    other = dataclasses.replace(
        network.mla_segments["MLA_0"], name="MLA_1", cycles=cycles(30, 1, 9), peak_bytes={"L2": 99}
    )
    both = {**network.mla_segments, "MLA_1": other}
    network = dataclasses.replace(network, mla_segments=both)
    return CompileReport(
        "out/m_mpk.tar.gz",
        [ArchiveFile("m_mpk.json", 12)],
        network.desired_batch,
        network.actual_batch,
        network.batch_limit_reason,
        {"MLA": 2, "EV74": 5, "A65": 0},
        network.fallbacks,
        cycles_of(network),
        peak_bytes_of(network),
        {"import": 0.5},
    )


def test_json_has_the_documented_keys():
    """The names scripts rely on."""
    report = json.loads(_report().to_json())
    assert list(report) == [
        "archive",
        "files",
        "desired_batch_size",
        "actual_batch_size",
        "batch_limit_reason",
        "segments",
        "fallbacks",
        "cycles",
        "peak_bytes",
        "seconds",
        "decisions",
        "batches_tried",
        "weights",
    ]
    assert report["files"] == [{"name": "m_mpk.json", "bytes": 12}]
    assert set(report["fallbacks"][0]) == {"operator", "location", "reason", "hint", "cycles"}
    assert list(report["cycles"]) == ["MLA_0", "MLA_1", "total"]


def test_total_is_the_sum_of_the_segments():
    """Every figure, the terms of the bound included."""
    total = _report().to_dict()["cycles"]["total"]
    assert total == {
        "deterministic": 130,
        "busy": 126,
        "planned_wait": 4,
        "stalls": 8,
        "wall": 138,
        "lower_bound": 14,
        "bound_terms": {"mac": 2, "output": 4, "vector": 6, "dram": 14},
    }


def test_peaks_are_the_largest_of_any_segment():
    """Segments run one after another."""
    assert _report().peak_bytes == {"L1": 10, "L2": 99, "DRAM": 30}


def test_the_summary_says_batch_reason_segments_files_and_fallbacks():
    """What `Model.compile` prints."""
    text = str(_report())
    assert "desired 4, actual 2 (batch 3 needs 70000 bytes of L2)" in text
    assert "2 MLA, 5 EV74, 0 A65" in text
    assert "m_mpk.json" in text
    assert "ERF at erf_3 at m.onnx:3 (some 0 cycles of the A65): no exact form; use a table" in text


def test_the_summary_lists_the_batches_tried_where_there_were_several():
    """With whose word the cycles are."""
    refused = BatchTry(4, False, 1200, needed_l2_bytes=70000, reason="batch 4 needs 70000 bytes")
    found = BatchTry(2, True, 1500, scheduled_cycles_per_image=1480)
    text = str(dataclasses.replace(_report(), batches_tried=(refused, found)))
    assert "  batch 4: 1,200 cycles per image, predicted; not feasible\n" in text
    assert "  batch 2: 1,480 cycles per image, scheduled\n" in text
    assert "per image" not in str(dataclasses.replace(_report(), batches_tried=(found,)))
