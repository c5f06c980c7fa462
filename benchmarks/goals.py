"""What schedules should reach: ratios of wall cycles to lower bound on `mlsoc`, and other figures.

An analytic study of the machine puts them between plans that keep layers in L1 and perfect
interleaving of TENSOR and OUTPUT. Batch 1, then the largest batch up to 16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GOAL_TARGET = "mlsoc"

GOALS: Mapping[str, Mapping[int, float]] = {
    "resnet50": {1: 1.02, 16: 1.06},
    "mobilenet_v1": {1: 1.04, 16: 1.17},
    "mobilenet_v2": {1: 1.05, 16: 1.45},
    "efficientnet_b0": {1: 1.05, 16: 1.40},
    "yolo_320": {1: 1.06, 16: 1.15},
    "unet_256": {1: 1.04, 16: 1.04},
    "deeplabv3": {1: 1.28, 16: 1.26},
    "vit_ti": {1: 1.12, 16: 1.15},
    "bert_base_128": {1: 1.02, 16: 1.10},
}
"""By network, then by the batch asked for."""

GEOMETRIC_MEAN_GOAL: Mapping[int, float] = {1: 1.08, 16: 1.20}

NETWORK_OF_FILE: Mapping[str, str] = {
    "resnet50_u8_qdq.onnx": "resnet50",
    "mobilenetv2_s8_qdq.onnx": "mobilenet_v2",
    "mobilenet_v2_224_uint8.tflite": "mobilenet_v2",
    "tf2_mobilenet_v2_224_ptq.tflite": "mobilenet_v2",
    "yolo_c2f_320_u8_qdq.onnx": "yolo_320",
    "deeplabv3_mnv2_dm05_uint8.tflite": "deeplabv3",
    "vit_tiny_int8.tflite": "vit_ti",
}
"""Model files that are one of the networks above."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most a figure of a row may be; `key` as in the JSON of schedule.py."""

    network: str
    batch: int
    target: str
    key: str
    most: float

    def met_by(self, row: Mapping[str, Any]) -> bool | None:
        """Whether the row keeps the limit; None where it is of another row."""
        network = network_of(row["model"])
        if (network, row["batch"], row["target"]) != (self.network, self.batch, self.target):
            return None
        return bool(row[self.key] <= self.most)


LIMITS: Sequence[Limit] = (
    Limit("resnet50", 4, GOAL_TARGET, "wall_cycles_per_image", 190_000),
    Limit("mobilenet_v2", 1, "edge", "dram_bytes", 4_600_000),
    Limit("resnet50", 1, GOAL_TARGET, "compile_user_seconds", 4),
    Limit("resnet50", 1, GOAL_TARGET, "compile_peak_megabytes", 300),
    Limit("mobilenet_v2", 1, GOAL_TARGET, "compile_user_seconds", 1),
    Limit("mobilenet_v2", 1, GOAL_TARGET, "compile_peak_megabytes", 200),
    Limit("bert_base_128", 1, GOAL_TARGET, "compile_user_seconds", 10),
)


def network_of(model: str) -> str:
    """The network that a row's model is."""
    return NETWORK_OF_FILE.get(model, model)


def goal_of(model: str, batch: int, target: str) -> float | None:
    """The ratio `model` (a network's or a file's name) should reach; None where there is none."""
    if target != GOAL_TARGET:
        return None
    return GOALS.get(network_of(model), {}).get(batch)
