"""A second simulator: slow, in Python, written from docs/machine-model.md and Isa.def alone.

It runs instructions in the dictionary form of `afe._sim.build` for their values. One loop per
dimension, no shortcuts; small programs only.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_arithmetic import NONE, clamp, f32_add, f32_of, litert_add, scale, wrap
from oracle_vector import run_vector

Fields = dict[str, Any]
Memory = NDArray[np.uint8]

FORMATS = {1: "<b", 2: "<B", 3: "<h", 4: "<i"}


def read(memory: Memory, address: int, kind: int) -> int:
    """The element of type `kind` (Isa.def) at `address`."""
    size = struct.calcsize(FORMATS[kind])
    assert 0 <= address <= len(memory) - size, "the oracle reads outside of memory"
    return int(struct.unpack_from(FORMATS[kind], memory, address)[0])


def write(memory: Memory, address: int, kind: int, value: int) -> None:
    size = struct.calcsize(FORMATS[kind])
    assert 0 <= address <= len(memory) - size, "the oracle writes outside of memory"
    struct.pack_into("<I", scratch := bytearray(4), 0, value & 0xFFFFFFFF)
    memory[address : address + size] = np.frombuffer(scratch[:size], np.uint8)


def run_load(l2: Memory, l1: Memory, f: Fields) -> None:
    for plane in range(f["count2"]):
        for i in range(f["count1"]):
            source = f["l2"] + plane * f["l2_stride2"] + i * f["l2_stride1"]
            for j in range(f["run"]):
                to = f["l1"] + plane * f["l1_stride2"]
                to += 16 * j + i if f["transpose"] else i * f["l1_stride1"] + j
                l1[to] = l2[source + j]


def run_store(l1: Memory, l2: Memory, f: Fields) -> None:
    for plane in range(f["count2"]):
        for i in range(f["count1"]):
            source = f["l1"] + plane * f["l1_stride2"] + i * f["l1_stride1"]
            to = f["l2"] + plane * f["l2_stride2"] + i * f["l2_stride1"]
            l2[to : to + f["run"]] = l1[source : source + f["run"]]


def _input_lane(l1: Memory, f: Fields, pixel: tuple[int, int, int], channel: int) -> int:
    """Difference from the zero point of one channel at image, row, column; 0 outside."""
    n, row, col = pixel
    if not (0 <= row < f["in_h"] and 0 <= col < f["in_w"] and channel < f["ic"]):
        return 0
    at = f["in"] + n * f["in_sn"] + row * f["in_sy"] + col * f["in_sx"]
    at += channel if f["mode"] == 1 else channel // 16 * f["in_sc"] + channel % 16
    return read(l1, at, 2 if f["in_unsigned"] else 1) - f["in_zp"]


def _weight(l1: Memory, f: Fields, tap: tuple[int, int], ic: int, oc: int) -> int:
    """Difference from the zero point of the weight of a tap, input and output channel."""
    ky, kx = tap
    at = f["weights"] + oc // 16 * f["w_so"]
    if f["mode"] == 0:
        step = (ky * f["kw"] + kx) * -(-f["ic"] // 16) + ic // 16
        at += step * 256 + ic % 16 * 16 + oc % 16
    elif f["mode"] == 1:
        lane = kx * f["ic"] + ic
        step = ky * -(-f["kw"] * f["ic"] // 16) + lane // 16
        at += step * 256 + lane % 16 * 16 + oc % 16
    else:
        at += (ky * f["kw"] + kx) * 16 + oc % 16
    return read(l1, at, 2 if f["w_unsigned"] else 1) - f["w_zp"]


def _accumulate(l1: Memory, f: Fields, pixel: tuple[int, int, int], oc: int) -> int:
    n, y, x = pixel
    total = 0
    for ky in range(f["kh"]):
        for kx in range(f["kw"]):
            row = f["y0"] + y * f["stride_y"] + ky * f["dil_y"]
            col = f["x0"] + x * f["stride_x"] + kx * f["dil_x"]
            channels = [oc // max(f["multiplier"], 1)] if f["mode"] == 2 else range(f["ic"])
            for ic in channels:
                value = _input_lane(l1, f, (n, row, col), ic)
                if value:
                    total += value * _weight(l1, f, (ky, kx), ic, oc)
    return total


def run_tensor(l1: Memory, banks: dict[int, NDArray[np.int64]], f: Fields) -> None:
    blocks = -(-f["oc"] // 16)
    bank = np.zeros((f["images"], f["rows"], f["cols"], blocks * 16), np.int64)
    for index in np.ndindex(bank.shape):
        n, y, x, oc = index
        at = n * f["psum_sn"] + y * f["psum_sy"] + x * f["psum_sx"] + oc // 16 * f["psum_sc"]
        start = read(l1, f["psum"] + at + oc % 16 * 4, 4) if f["use_psum"] else 0
        if f["accumulate"]:
            start = int(banks[f["bank"]].reshape(bank.shape)[index])
        if oc < f["oc"]:
            bank[index] = wrap(start + _accumulate(l1, f, (n, y, x), oc))
    banks[f["bank"]] = bank


def _parameters(l1: Memory, f: Fields, oc: int) -> tuple[int, int, int]:
    """Bias, multiplier and shift of an output channel."""
    if not f["has_params"]:
        return 0, f["multiplier"], f["shift"]
    integer = f["mode"] in (1, 2)
    block_bytes = 64 if not f["per_channel"] or f["mode"] == NONE else 144 if integer else 128
    at = f["params"] + oc // 16 * block_bytes
    bias = read(l1, at + oc % 16 * 4, 4)
    if not f["per_channel"] or f["mode"] == NONE:
        return bias, f["multiplier"], f["shift"]
    shift = read(l1, at + 128 + oc % 16, 1) if integer else 0
    return bias, read(l1, at + 64 + oc % 16 * 4, 4), clamp(shift, 2, 62)


def _output_value(l1: Memory, f: Fields, sum_: int, pixel: tuple[int, int, int], oc: int) -> int:
    bias, multiplier, shift = _parameters(l1, f, oc)
    biased = wrap(sum_ + bias)
    if f["mode"] == NONE:
        return biased
    value = scale(f["mode"], biased, multiplier, shift) + f["out_zp"]
    value = clamp(value, f["lo"], f["hi"])
    if f["residual"]:
        n, y, x = pixel
        at = f["res"] + n * f["res_sn"] + y * f["res_sy"] + x * f["res_sx"]
        at += oc // 16 * f["res_sc"] + oc % 16
        other = read(l1, at, 2 if f["res_unsigned"] else 1)
        if f["use_table"] == 2:
            value = read(l1, f["table"] + (value & 255), 1)
        value = (litert_add if f["residual"] == 1 else f32_add)(value, other, f)
    if f["use_table"] == 1:
        value = read(l1, f["table"] + (value & 255), 2)
    return value


def run_output(l1: Memory, banks: dict[int, NDArray[np.int64]], f: Fields) -> None:
    blocks = -(-f["oc"] // 16)
    bank = banks[f["bank"]].reshape(f["images"], f["rows"], f["cols"], blocks * 16)
    for n, y, x, oc in np.ndindex(bank.shape):
        value = _output_value(l1, f, int(bank[n, y, x, oc]), (n, y, x), oc)
        at = f["out"] + n * f["out_sn"] + y * f["out_sy"] + x * f["out_sx"]
        at += oc // 16 * f["out_sc"]
        if f["mode"] == NONE:
            write(l1, at + oc % 16 * 4, 4, value)
        else:
            write(l1, at + oc % 16, 1, value)


def run_instruction(l2: Memory, l1: Memory, banks: dict[int, NDArray[np.int64]], f: Fields) -> None:
    """One complete instruction (every field present) on one quad."""
    if f["op"] == "load":
        run_load(l2, l1, f)
    elif f["op"] == "store":
        run_store(l1, l2, f)
    elif f["op"] == "tensor":
        run_tensor(l1, banks, f)
    elif f["op"] == "output":
        run_output(l1, banks, f)
    else:
        run_vector(l1, f)


__all__ = ["f32_of", "read", "run_instruction", "write"]
