"""Archives that somebody tampered with: a genuine one, one thing changed, and the class it gets.

`TAMPERED` edits members (the manifest is left behind), `CONSISTENT` edits and writes a manifest
that agrees, `RAW` edits the bytes of the file. Every entry is (expected code, edit).
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

from afe.errors import ErrorCode

NAME = "digits_cnn_qdq"
MPK, MANIFEST = f"{NAME}_mpk.json", f"{NAME}_manifest.json"
PROGRAM, STATS = f"{NAME}_stage1_mla.lm", f"{NAME}_stage1_mla_stats.yaml"
PROFILE = f"{NAME}_stage1_mla_profile.yaml"

INVALID, SCHEMA = ErrorCode.INVALID_ARCHIVE, ErrorCode.SCHEMA_ERROR
VERSION, TRAVERSAL = ErrorCode.UNSUPPORTED_VERSION, ErrorCode.PATH_TRAVERSAL
SIZE = ErrorCode.SIZE_LIMIT_EXCEEDED

Members = dict[str, bytes]
Edit = Callable[[Members], Members]


def edited(member: str, change: Callable[[Any], object]) -> Edit:
    """Changes a member's JSON in place."""

    def edit(members: Members) -> Members:
        document = json.loads(members[member])
        change(document)
        return members | {member: json.dumps(document).encode()}

    return edit


def replaced(member: str, data: bytes) -> Edit:
    """Another content of a member, or a new member."""
    return lambda members: members | {member: data}


def without(member: str) -> Edit:
    """A member less."""
    return lambda members: {name: data for name, data in members.items() if name != member}


def flipped(member: str, at: int) -> Edit:
    """One bit of a member."""

    def edit(members: Members) -> Members:
        data = bytearray(members[member])
        data[at] ^= 1
        return members | {member: bytes(data)}

    return edit


def plugin(document: Any, name: str = "MLA_0") -> Any:
    """A plugin of the chain by name."""
    return next(entry for entry in document["plugins"] if entry["name"] == name)


TAMPERED: dict[str, tuple[ErrorCode, Edit]] = {
    "a bit of the program": (INVALID, flipped(PROGRAM, 900)),
    "a bit of the statistics": (INVALID, flipped(STATS, -3)),
    "a program that is cut": (INVALID, lambda m: m | {PROGRAM: m[PROGRAM][:-1]}),
    "a program that is longer": (INVALID, lambda m: m | {PROGRAM: m[PROGRAM] + b"\0"}),
    "no program": (INVALID, without(PROGRAM)),
    "no statistics": (INVALID, without(STATS)),
    "no manifest": (INVALID, without(MANIFEST)),
    "no chain": (INVALID, without(MPK)),
    "two chains": (INVALID, replaced("other_mpk.json", b"{}")),
    "a file more": (INVALID, replaced("extra.bin", b"x")),
    "a number of the chain": (INVALID, edited(MPK, lambda d: d.update(model_path="other"))),
    "a manifest that is no JSON": (SCHEMA, replaced(MANIFEST, b"{")),
    "a manifest that is a list": (SCHEMA, replaced(MANIFEST, b"[]")),
    "a manifest of no version": (VERSION, replaced(MANIFEST, b"{}")),
    "a manifest of a later version": (
        VERSION,
        edited(MANIFEST, lambda d: d.update(afe_format_version=99)),
    ),
    "a manifest without files": (SCHEMA, edited(MANIFEST, lambda d: d.pop("files"))),
    "a manifest without provenance": (SCHEMA, edited(MANIFEST, lambda d: d.pop("provenance"))),
    "a manifest that names a file twice": (
        SCHEMA,
        edited(MANIFEST, lambda d: d["files"].append(d["files"][0])),
    ),
    "a negative size": (SCHEMA, edited(MANIFEST, lambda d: d["files"][0].update(bytes=-1))),
    "a size that is a truth": (
        SCHEMA,
        edited(MANIFEST, lambda d: d["files"][0].update(bytes=True)),
    ),
    "a checksum that is a number": (
        SCHEMA,
        edited(MANIFEST, lambda d: d["files"][0].update(sha256=1)),
    ),
    "an entry that is a text": (SCHEMA, edited(MANIFEST, lambda d: d["files"].append("x"))),
    "a manifest that names itself": (
        INVALID,
        edited(MANIFEST, lambda d: d["files"].append({"name": MANIFEST, "bytes": 1, "sha256": ""})),
    ),
}

CONSISTENT: dict[str, tuple[ErrorCode, Edit]] = {
    "a chain that is no JSON": (SCHEMA, replaced(MPK, b"no JSON")),
    "a chain with a key twice": (SCHEMA, replaced(MPK, b'{"name": 1, "name": 2}')),
    "a chain nested a million deep": (SCHEMA, replaced(MPK, b"[" * 1_000_000)),
    "a chain that is not UTF-8": (SCHEMA, replaced(MPK, b'{"name": "\xff"}')),
    "a chain with NaN": (SCHEMA, replaced(MPK, b'{"a": NaN}')),
    "a chain that is a number": (SCHEMA, replaced(MPK, b"7")),
    "a chain with a number of 5000 digits": (SCHEMA, replaced(MPK, b"7" * 5000)),
    "a chain of another maker": (VERSION, edited(MPK, lambda d: d.pop("afe_format_version"))),
    "a chain of a later version": (VERSION, edited(MPK, lambda d: d.update(afe_format_version=3))),
    "no plugins": (SCHEMA, edited(MPK, lambda d: d.update(plugins=[]))),
    "plugins that are texts": (SCHEMA, edited(MPK, lambda d: d.update(plugins=["x"]))),
    "a sequence with a gap": (SCHEMA, edited(MPK, lambda d: plugin(d).update(sequence=99))),
    "an unknown processor": (SCHEMA, edited(MPK, lambda d: plugin(d).update(processor="GPU"))),
    "a buffer from nowhere": (
        SCHEMA,
        edited(MPK, lambda d: plugin(d)["input_nodes"][0].update(name="ghost")),
    ),
    "a buffer of another size": (
        SCHEMA,
        edited(MPK, lambda d: plugin(d)["output_nodes"][0].update(size=1)),
    ),
    "a program outside of the archive": (
        INVALID,
        edited(MPK, lambda d: plugin(d)["resources"].update(executable="../../bin/sh")),
    ),
    "a batch above the desired one": (
        SCHEMA,
        edited(
            MPK,
            lambda d: [p["config_params"].update(actual_batch_size=9) for p in d["plugins"]],
        ),
    ),
    "a tensor of a terabyte": (
        SIZE,
        edited(MPK, lambda d: plugin(d)["config_params"]["input_types"][0].update(shape=[1 << 40])),
    ),
    "a shape with a zero": (
        SCHEMA,
        edited(MPK, lambda d: plugin(d)["config_params"]["input_types"][0].update(shape=[0])),
    ),
    "no target": (SCHEMA, edited(MPK, lambda d: plugin(d)["config_params"].pop("target"))),
    "no cycles": (SCHEMA, edited(MPK, lambda d: plugin(d)["config_params"].pop("cycles"))),
    "cycles that are texts": (
        SCHEMA,
        edited(MPK, lambda d: plugin(d)["config_params"]["cycles"].update(lower_bound="x")),
    ),
    "another machine": (
        INVALID,
        edited(MPK, lambda d: plugin(d)["config_params"]["target"].update(latency_load=25)),
    ),
    "a program that is no ELF": (INVALID, replaced(PROGRAM, b"no program")),
    "an empty program": (INVALID, replaced(PROGRAM, b"")),
    "half a program": (INVALID, lambda m: m | {PROGRAM: m[PROGRAM][: len(m[PROGRAM]) // 2]}),
}

STRICT: dict[str, tuple[ErrorCode, Edit]] = {
    "a member of no known kind": (SCHEMA, replaced("notes.txt", b"x")),
    "statistics that are a list": (SCHEMA, replaced(STATS, b"- 1\n")),
    "statistics that are no YAML": (SCHEMA, replaced(STATS, b"{\n")),
    "statistics with a tag": (SCHEMA, replaced(STATS, b"!!python/object/apply:os.system ['x']")),
    "statistics with a thousand laughs": (SCHEMA, replaced(STATS, b"a: &a [1]\nb: [*a, *a]\n")),
    "statistics nested deep": (SCHEMA, replaced(STATS, b"[" * 100_000)),
    "statistics with a row twice": (SCHEMA, replaced(STATS, b"0: 1\n0: 2\n")),
    "statistics without ends": (SCHEMA, replaced(STATS, b"0: {name: x, start_cycle: 0}\n")),
    "a profile of nothing": (SCHEMA, replaced(PROFILE, b"{}\n")),
    "a pipeline of nothing": (SCHEMA, replaced("pipeline_sequence.json", b"{}")),
    "a stage's file that is missing": (SCHEMA, without("0_process_mla.json")),
    "a stage without buffers": (
        SCHEMA,
        edited("0_process_mla.json", lambda d: d.pop("input_buffers")),
    ),
    "an unknown field of the chain": (SCHEMA, edited(MPK, lambda d: d.update(surprise=1))),
}


def tar_of(members: Members, **changes: Any) -> bytes:
    """A gzip file of the members, then one more entry with these fields, if any."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if changes:
            info = tarfile.TarInfo("extra")
            for field, value in changes.items():
                setattr(info, field, value)
            tar.addfile(info)
    return gzip.compress(buffer.getvalue(), 1)


RAW: dict[str, tuple[ErrorCode, Callable[[Members], bytes]]] = {
    "an absolute path": (TRAVERSAL, lambda m: tar_of(m, name="/etc/cron.d/x")),
    "a path that climbs": (TRAVERSAL, lambda m: tar_of(m, name="../x")),
    "a path that climbs by backslashes": (TRAVERSAL, lambda m: tar_of(m, name="..\\x")),
    "a drive": (TRAVERSAL, lambda m: tar_of(m, name="C:x")),
    "a folder inside": (INVALID, lambda m: tar_of(m, name="a/b")),
    "a symbolic link": (INVALID, lambda m: tar_of(m, type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a hard link": (INVALID, lambda m: tar_of(m, type=tarfile.LNKTYPE, linkname=PROGRAM)),
    "a device": (INVALID, lambda m: tar_of(m, type=tarfile.BLKTYPE)),
    "a member twice": (INVALID, lambda m: tar_of(m, name=MPK)),
    "too many members": (SIZE, lambda m: tar_of(m | {f"f{i}": b"" for i in range(4097)})),
    "half of the file": (INVALID, lambda m: tar_of(m)[:-4000]),
    "something behind the end": (INVALID, lambda m: tar_of(m) + b"x"),
    "a tar without gzip": (INVALID, lambda m: gzip.decompress(tar_of(m))),
    "an empty file": (INVALID, lambda m: b""),
}
