"""`pipeline_sequence.json` and one `0_*.json` per stage: the chain as pipelines are configured.

Everything in them is taken from the chain of `*_mpk.json`, which rules; a stage of the pipeline is
a plugin of the chain, except the final `pass_through`, which moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

PIPELINE_FILE = "pipeline_sequence.json"
MAX_STAGES = 1000
"""Longer chains, as those with every layer's output, get no pipeline: nobody would deploy them."""

_PLUGIN_IDS = {"EV74": "processcvu", "MLA": "processmla", "A65": "processtvm"}
_PROCESSORS = {"EV74": "CVU", "MLA": "MLA", "A65": "A65"}


def pipeline_files(plugins: Sequence[Json]) -> dict[str, Json]:
    """File name → document, the sequence first; nothing for chains longer than MAX_STAGES."""
    stages = [plugin for plugin in plugins if _kernel(plugin) != "pass_through"]
    if len(stages) > MAX_STAGES:
        return {}
    writers = {node["name"]: plugin["name"] for plugin in stages for node in plugin["output_nodes"]}
    names = _file_names(stages)
    sequence = [
        _sequence_entry(number, plugin, names[plugin["name"]], writers)
        for number, plugin in enumerate(stages, start=1)
    ]
    files: dict[str, Json] = {PIPELINE_FILE: {"pipelines": [{"sequence": sequence}]}}
    return files | {names[plugin["name"]]: _stage(plugin) for plugin in stages}


def _file_names(stages: Sequence[Json]) -> dict[str, str]:
    """`0_process_mla.json` for the first MLA stage, numbered from the second on; else the name."""
    names: dict[str, str] = {}
    mla = 0
    for plugin in stages:
        stem = plugin["name"]
        if plugin["processor"] == "MLA":
            stem = f"process_mla_{mla}" if mla else "process_mla"
            mla += 1
        names[plugin["name"]] = f"0_{stem}.json"
    return names


def _sequence_entry(number: int, plugin: Json, file: str, writers: Mapping[str, str]) -> Json:
    sources = [writers.get(node["name"], "decoder") for node in plugin["input_nodes"]]
    return {
        "sequence_id": number,
        "name": plugin["name"],
        "pluginId": _PLUGIN_IDS[plugin["processor"]],
        "configPath": file,
        "processor": _PROCESSORS[plugin["processor"]],
        "kernel": _kernel(plugin),
        "input": sources[0] if sources else "constants",
        "inputs": sources,
    }


def _stage(plugin: Json) -> Json:
    """One stage; widths, heights and depths are lists with one entry per tensor."""
    inputs, outputs = _tensors(plugin, "input"), _tensors(plugin, "output")
    config = plugin["config_params"]
    return {
        "node_name": plugin["name"],
        "kernel": _kernel(plugin),
        "input_buffers": [_buffer(node) for node in plugin["input_nodes"]],
        **_dimensions("input", inputs),
        "output_buffers": [_buffer(node) for node in plugin["output_nodes"]],
        **_dimensions("output", outputs),
        "data_type": [tensor["scalar"] for tensor in outputs],
        "model_path": "" if plugin["processor"] == "EV74" else plugin["resources"]["executable"],
        "batch_size": config["actual_batch_size"],
        "params": config.get("params", {}),
    }


def _kernel(plugin: Json) -> str:
    return str(plugin["config_params"].get("kernel", "infer"))


def _buffer(node: Json) -> Json:
    return {"name": node["name"], "size": node["size"]}


def _tensors(plugin: Json, side: str) -> list[Json]:
    """Scalar type and shape of every tensor on one side, wherever the processor keeps them."""
    config = plugin["config_params"]
    if plugin["processor"] == "EV74":
        params = config["params"]
        pairs = zip(params[f"{side}_data_types"], params[f"{side}_shapes"], strict=True)
        return [{"scalar": scalar, "shape": shape} for scalar, shape in pairs]
    if plugin["processor"] == "A65":
        config = config["params"]
    types: list[Json] = config[f"{side}_types"]
    return types


def _dimensions(side: str, tensors: Sequence[Json]) -> Json:
    """Height, width and depth of one image; leading dimensions of higher ranks are rows."""
    shapes = [tensor["shape"][1:] for tensor in tensors]
    return {
        f"{side}_width": [shape[-2] if len(shape) > 1 else 1 for shape in shapes],
        f"{side}_height": [math.prod(shape[:-2]) for shape in shapes],
        f"{side}_depth": [shape[-1] if shape else 1 for shape in shapes],
    }
