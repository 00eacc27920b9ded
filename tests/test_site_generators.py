"""Markup for site generators, built by the real ones: the page says what `--markup html` says."""

import shutil

import pytest

from conftest import ROOT
from support import process
from support.elements import elements
from support.pictures import photograph

HOSTILE = """"Boats" & 'nets' <b>at</b> {{< dawn >}} {{% x %}} ${1} `code` \\" *so* :smile: https://x.example — Grüße, 日本 &quot;"""


@pytest.fixture
def markup(up, uploader, tmp_path):
    """What `uploader put` prints of a picture as markup of a kind, with `HOSTILE` for its alt text."""
    file = tmp_path / "boats (1) +ü.jpg"
    file.write_bytes(photograph(1000, 700, seed=81))

    def run(kind):
        command = [uploader, "put", file, "--endpoint-url", up.endpoint, "--markup", kind, "--alt", HOSTILE]
        return process.run(command).stdout

    return run


def test_hugo_builds_the_shortcode(markup, tmp_path):
    site = tmp_path / "site"
    for folder in ("content", "layouts/shortcodes", "layouts/_default"):
        (site / folder).mkdir(parents=True)
    shutil.copy(ROOT / "docs/hugo/picture.html", site / "layouts/shortcodes")
    # As a new site has it, HTML in Markdown is dropped.
    (site / "hugo.toml").write_text('baseURL = "https://blog.example.org/"\nenableEmoji = true\n')
    (site / "layouts/_default/single.html").write_text("<!DOCTYPE html><title>x</title><main>{{ .Content }}</main>")
    snippet, wanted = markup("hugo"), markup("html")
    page = f"---\ntitle: Boats\n---\nBefore *it*.\n\n{snippet}\n\nAfter.\n\n{wanted}\n"
    (site / "content/boats.md").write_text(page)
    process.run(["hugo", "--source", site, "--quiet"])
    built = elements((site / "public/boats/index.html").read_text())
    assert built == [("title", {}), ("main", {}), ("p", {}), ("em", {}), *elements(wanted), ("p", {})]
