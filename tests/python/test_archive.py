"""Archives: the same bytes always, whole or absent, and hostile files refused by name."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile

import pytest
from afe import archive
from afe.archive import parse_json, read_archive, write_archive
from afe.errors import AfeError, ErrorCode

MEMBERS = {"m_mpk.json": b"{}", "m_stage1_mla.lm": bytes(range(256)) * 9, "empty.yaml": b""}


def _tar(*infos, data=b"x", format=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for info in infos:
            entry = tarfile.TarInfo(info) if isinstance(info, str) else info
            entry.size = len(data) if entry.isreg() else 0
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _read(tmp_path, content, name="a.tar.gz"):
    path = tmp_path / name
    path.write_bytes(content)
    return read_archive(path)


def _refused(tmp_path, content, code):
    with pytest.raises(AfeError) as error:
        _read(tmp_path, content)
    assert error.value.code is code
    return str(error.value)


def test_members_come_back_in_order(tmp_path):
    """Also by the standard library's reader, which finds a flat folder."""
    path = tmp_path / "m_mpk.tar.gz"
    write_archive(path, MEMBERS)
    assert read_archive(path) == MEMBERS
    with tarfile.open(path) as tar:
        assert tar.getnames() == list(MEMBERS)
        assert {(info.mtime, info.uid, info.gid, info.mode) for info in tar} == {(0, 0, 0, 0o644)}


def test_the_same_members_give_the_same_bytes(tmp_path):
    """Nothing of the time or the user is in the file."""
    write_archive(tmp_path / "a.tar.gz", MEMBERS)
    os.utime(tmp_path / "a.tar.gz", (1, 1))
    write_archive(tmp_path / "b.tar.gz", MEMBERS)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


@pytest.mark.parametrize("length", [90, 101, 200])
def test_long_and_foreign_names_survive(tmp_path, length):
    """Names that the tar header alone cannot hold."""
    members = {"n" * length: b"1", "größe.json": b"2"}
    write_archive(tmp_path / "a.tar.gz", members)
    assert read_archive(tmp_path / "a.tar.gz") == members


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_other_tars_are_read(tmp_path, format):
    """POSIX and GNU headers."""
    assert _read(tmp_path, gzip.compress(_tar("a.json", format=format))) == {"a.json": b"x"}


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    """No space on the device: an AfeError, and the folder as it was."""

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AfeError, match="No space left on device") as error:
        write_archive(tmp_path / "m_mpk.tar.gz", MEMBERS)
    assert error.value.code is ErrorCode.OUTPUT_FAILED
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_archive(tmp_path, monkeypatch):
    """KeyboardInterrupt while the file is written aside."""
    path = tmp_path / "m_mpk.tar.gz"
    write_archive(path, MEMBERS)
    before = path.read_bytes()

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fchmod", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_archive(path, {"other": b"1"})
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == before


def _link(name, kind, target="a"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "..", "C:\\x", "\\\\s\\x"])
def test_paths_that_leave_the_folder_are_refused(tmp_path, name):
    """Absolute or climbing."""
    _refused(tmp_path, gzip.compress(_tar(name)), ErrorCode.PATH_TRAVERSAL)


HOSTILE = {
    "a symbolic link": lambda: _tar(_link("a", tarfile.SYMTYPE, "/etc/passwd")),
    "a hard link": lambda: _tar(_link("a", tarfile.LNKTYPE)),
    "a device": lambda: _tar(_link("a", tarfile.CHRTYPE)),
    "a fifo": lambda: _tar(_link("a", tarfile.FIFOTYPE)),
    "a folder": lambda: _tar(_link("a", tarfile.DIRTYPE)),
    "a file in a folder": lambda: _tar("a/b"),
    "a name with a line break": lambda: _tar("a\nb"),
    "one name twice": lambda: _tar("a", "a"),
    "a name that is not UTF-8": lambda: _tar("aé", format=tarfile.GNU_FORMAT).replace(
        "é".encode(), b"\xff\xfe"
    ),
    "a wrong header checksum": lambda: _tar("aaaa").replace(b"aaaa", b"aaab"),
    "a cut tar": lambda: _tar("a")[:700],
    "no end of tar": lambda: _tar("a")[:1024],
    "bytes behind the end": lambda: _tar("a") + b"x" * 512,
    "no tar at all": lambda: b"hello" * 300,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_tars_are_refused(tmp_path, what):
    """Only regular files in one flat folder."""
    _refused(tmp_path, gzip.compress(HOSTILE[what]()), ErrorCode.INVALID_ARCHIVE)


def test_damaged_gzip_is_refused(tmp_path):
    """Cut, corrupted, followed by something, not gzip, empty."""
    good = gzip.compress(_tar("a"))
    corrupted = good[:-6] + bytes([good[-6] ^ 1]) + good[-5:]
    for content in (good[:-9], corrupted, good + b"x", good + good, b"PK\x03\x04" * 9, b""):
        _refused(tmp_path, content, ErrorCode.INVALID_ARCHIVE)


def test_only_tar_gz_is_read(tmp_path):
    """By name first."""
    with pytest.raises(AfeError, match=r"only \.tar\.gz"):
        _read(tmp_path, gzip.compress(_tar("a")), "a.tgz")
    with pytest.raises(AfeError) as error:
        read_archive(tmp_path / "none.tar.gz")
    assert error.value.code is ErrorCode.FILE_NOT_FOUND


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("MAX_ARCHIVE_BYTES", 10),
        ("MAX_ENTRY_BYTES", 2000),
        ("MAX_TOTAL_BYTES", 4000),
        ("MAX_ENTRIES", 2),
    ],
)
def test_limits_hold(tmp_path, monkeypatch, limit, value):
    """Archive, member, unpacked size, number of members."""
    path = tmp_path / "m_mpk.tar.gz"
    write_archive(path, MEMBERS)
    read_archive(path)
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(AfeError) as error:
        read_archive(path)
    assert error.value.code is ErrorCode.SIZE_LIMIT_EXCEEDED


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    """A small file of many zeros stops at the limit, before they are in memory."""
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1 << 20)
    _refused(tmp_path, gzip.compress(_tar("a", data=bytes(1 << 24))), ErrorCode.SIZE_LIMIT_EXCEEDED)


def test_extended_headers_may_not_change_sizes_or_links(tmp_path):
    """Only the name is taken from them."""
    for key in ("size", "linkpath", "GNU.sparse.size"):
        info = tarfile.TarInfo("a")
        info.pax_headers = {key: "1"}
        _refused(tmp_path, gzip.compress(_tar(info)), ErrorCode.INVALID_ARCHIVE)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b"[" * 40 + b"]" * 40, "nests deeper"),
        (b'{"a": NaN}', "NaN"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
    ],
)
def test_json_is_read_strictly(text, part):
    """Duplicate keys, depth, numbers that are none, encodings."""
    with pytest.raises(AfeError, match=part) as error:
        parse_json(text, "m_mpk.json")
    assert error.value.code is ErrorCode.SCHEMA_ERROR


def test_brackets_in_strings_do_not_nest():
    """Only structure counts as depth."""
    text = '{"a": "' + "[" * 99 + '\\"{{"}'
    assert parse_json(text.encode(), "j") == {"a": "[" * 99 + '"{{'}
