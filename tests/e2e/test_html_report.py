"""The HTML report: one whole page that loads nothing, with every layer, plugin and file in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from afe import cli
from afe.runtime.opened import open_archive

VOID = {"meta"}


class Page(HTMLParser):
    """Checks that elements nest, and collects texts and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.attributes, self.counts = [], [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def made(models, tmp_path_factory):
    """An archive with an A65 segment, and the page that compiling it wrote."""
    folder = tmp_path_factory.mktemp("report")
    source = str(models / "ssd_mobilenet_v1_coco_uint8.tflite")
    page = folder / "deep" / "compiled.html"
    arguments = ["compile", source, "-o", str(folder), "--name", "ssd", "--report", str(page)]
    assert cli.run(arguments) == 0
    return folder / "ssd_mpk.tar.gz", page


def test_the_page_is_whole_and_loads_nothing(made):
    """Elements nest; there is no script, no link, no address but SVG's own name."""
    _, path = made
    text = path.read_text()
    page = Page(text)
    assert {"script", "link", "img", "iframe"} & page.counts.keys() == set()
    addresses = set(re.findall(r"[a-z]+://[^\"'\s)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "url(" not in text and "@import" not in text and "prefers-color-scheme" in text


def test_layers_plugins_files_decisions_and_fallbacks_are_in_it(made):
    """By their names, and every quad's engines over time."""
    archive, path = made
    opened = open_archive(archive)
    page = Page(path.read_text())
    shown = " ".join(page.texts)
    for plugin in opened.chain.plugins:
        assert plugin.name in shown
    for name in opened.members:
        assert name in shown
    for lane in ("quad 0 tensor", "quad 3 vector", "DRAM load"):
        assert lane in page.texts
    assert "litert.detection_postprocess" in shown and "MLA_0: decisions" in page.texts
    assert page.counts["svg"] == 3 and page.counts["rect"] > 500 and page.counts["details"] > 20


def test_an_archive_alone_has_what_it_knows(made, tmp_path, capsys):
    """Decisions and reasons are the compilation's; the segments off the MLA are named."""
    archive, _ = made
    out = tmp_path / "r.html"
    assert cli.run(["report", str(archive), "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(out), "bytes": out.stat().st_size}
    page = Page(out.read_text())
    assert "details" not in page.counts and "afe check MODEL" in " ".join(page.texts)
    assert out.stat().st_size < 2_000_000


def test_names_of_a_model_are_escaped():
    """Whatever a tensor is called."""
    from afe.html import markup

    text = markup.rectangle(0, 0, 1, 1, "x", "<script>\"'&")
    assert "<script" not in text and "&lt;script&gt;" in text
    assert Page(markup.section("<b>", "a & b", markup.table(["<i>"], []))).counts["table"] == 1


def test_what_is_no_archive_makes_no_page(tmp_path, capsys):
    """One sentence, exit status 2."""
    (tmp_path / "x.tar.gz").write_bytes(b"x")
    out = tmp_path / "deep" / "r.html"
    assert cli.run(["report", str(tmp_path / "x.tar.gz"), "-o", str(out)]) == 2
    assert "afe: error: " in capsys.readouterr().err and not (tmp_path / "deep").exists()
