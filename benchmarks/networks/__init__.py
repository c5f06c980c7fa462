"""Layer lists of well-known networks as TOSA modules with seeded weights.

They have the shapes and operators of the real networks, so that cycles, bytes and compile times
are those of the real ones; what they compute means nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from afe.importers.common import ImportedModel

from benchmarks.networks import (
    densenet,
    efficientnet,
    mobilenet,
    resnet,
    tiny,
    transformer,
    unet,
    vgg,
    yolo,
)
from benchmarks.networks.layers import Layers, Producer
from benchmarks.networks.litert import LiteRt
from benchmarks.networks.qdq import Qdq
from benchmarks.networks.values import Activation


@dataclass(frozen=True)
class Recipe:
    """How a network is made; `producer` is whose operators it consists of."""

    build: Callable[[Layers], Sequence[Activation]]
    producer: Producer = LiteRt


@dataclass(frozen=True)
class Network:
    """A network that was made, and the multiplications of one image."""

    imported: ImportedModel
    macs: int


NETWORKS: Mapping[str, Recipe] = {
    "resnet18": Recipe(partial(resnet.resnet, depths=(2, 2, 2, 2), is_deep=False)),
    "resnet50": Recipe(partial(resnet.resnet, depths=(3, 4, 6, 3), is_deep=True)),
    "resnet152": Recipe(partial(resnet.resnet, depths=(3, 8, 36, 3), is_deep=True)),
    "mobilenet_v1": Recipe(mobilenet.mobilenet_v1),
    "mobilenet_v2": Recipe(mobilenet.mobilenet_v2),
    "mobilenet_v3_large": Recipe(mobilenet.mobilenet_v3_large),
    "efficientnet_b0": Recipe(efficientnet.efficientnet_b0),
    "densenet121": Recipe(densenet.densenet_121),
    "vgg16": Recipe(vgg.vgg_16),
    "unet_256": Recipe(unet.unet_256),
    "yolo_320": Recipe(partial(yolo.yolo, size=320), Qdq),
    "yolo_640": Recipe(partial(yolo.yolo, size=640), Qdq),
    "vit_ti": Recipe(partial(transformer.vit, width=192, heads=3)),
    "vit_b": Recipe(partial(transformer.vit, width=768, heads=12)),
    "bert_base_128": Recipe(
        partial(transformer.bert, layers=12, tokens=128, width=768, heads=12), Qdq
    ),
    "mlperf_tiny_ic": Recipe(tiny.image_classification),
    "mlperf_tiny_kws": Recipe(tiny.keyword_spotting),
    "mlperf_tiny_vww": Recipe(tiny.visual_wake_words),
    "mlperf_tiny_ad": Recipe(tiny.anomaly_detection),
}
"""Every network by name."""


def build(name: str, seed: int = 0) -> Network:
    """The network `name` of NETWORKS; the same seed gives the same bytes."""
    recipe = NETWORKS[name]
    layers = Layers(name, recipe.producer, seed)
    with layers.builder.context:
        imported = layers.finish(recipe.build(layers))
    return Network(imported, layers.macs)


def write(network: Network, path: Path) -> None:
    """Writes the module as MLIR bytecode, which `afe compile` reads (suffix .mlirbc)."""
    buffer = io.BytesIO()
    network.imported.module.operation.write_bytecode(buffer)
    path.write_bytes(buffer.getvalue())
