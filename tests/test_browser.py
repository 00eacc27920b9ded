"""The markup that `uploader put` prints, in a page, in a real browser: what readers get to see."""

import contextlib
import functools
import http.server
import json
import re
import threading
import urllib.parse
import urllib.request

import numpy as np
import pytest

from conftest import ROOT
from support import browser, process, s3, tools

# Without a picture's measures, the text after it would move once it has loaded: the page has room for both.
NARROW, WIDE = (400, 1200), (1600, 2400)
LOADED = "document.images[0].complete && document.images[0].naturalWidth > 0"
SIZES = "(max-width: 1200px) 100vw, 1200px"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Prints on linen</title>
<style>body {{ margin: 0 }} main {{ max-width: 1200px }}
{css}</style>
<script>
  const shifts = [];
  new PerformanceObserver(list => shifts.push(...list.getEntries())).observe({{ type: "layout-shift", buffered: true }});
</script>
</head>
<body>
<main>
<h1>Prints on linen</h1>
{markup}
<p>The text below the picture.</p>
</main>
</body>
</html>
"""


class Site(http.server.ThreadingHTTPServer):
    """A blog: its page, and the derived bucket as behind a CDN, which can be told to let readers wait."""

    daemon_threads = True

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.bucket = f"{endpoint}/derived"
        self.page = ""
        self.asked = []
        self.open = threading.Event()
        self.open.set()

    def show(self, markup, css):
        self.page = PAGE.format(markup=markup, css=css)
        self.asked.clear()


class _Request(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            return self.answer("text/html", self.server.page.encode())
        if not self.path.startswith("/derived/"):
            return self.send_error(404)
        self.server.asked.append(self.server.url + self.path)
        self.server.open.wait(30)
        with urllib.request.urlopen(self.server.bucket + self.path.removeprefix("/derived")) as picture:
            return self.answer(picture.headers["Content-Type"], picture.read())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Each visit is a first one.
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    program = browser.find()
    if not program:
        tools.missing("Chromium", "chromium")
    with browser.page(program, tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="module")
def site(up):
    with Site(up.endpoint) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.open.set()
        site.shutdown()


class Picture:
    def __init__(self, markup, manifest, url):
        self.markup = markup
        self.color = tuple(bytes.fromhex(manifest["placeholder"]["color"].removeprefix("#")))
        self.webp = {rendition["width"]: f"{url}/{rendition['path']}" for rendition in manifest["renditions"]
                     if rendition["media_type"] == "image/webp"}


@pytest.fixture(scope="module")
def picture(up, uploader, site):
    """A photograph of 12 megapixels, uploaded."""
    source = ROOT / "fixtures/photos/prints-on-linen-12mp.jpg"
    done = process.run([uploader, "put", source, "--to", "blog", "--endpoint-url", up.endpoint, "--sizes", SIZES,
                        "--base-url", f"{site.url}/derived", "--alt", "Six photographs on a linen cloth"])
    key = "blog/prints-on-linen-12mp.jpg"
    return Picture(done.stdout, s3.manifest(up.s3, key), f"{site.url}/derived/{key}")


def visit(page, site, viewport, markup, css=""):
    """Opens a page with `markup`, as somebody who comes from elsewhere."""
    page.leave()
    site.show(markup, css)
    page.resize(*viewport)
    page.open(site.url)


def image(page):
    """Of the page's picture: what it shows, and where."""
    return page.value("""(() => {
        const img = document.images[0], box = img.getBoundingClientRect();
        return { src: img.currentSrc, box: [box.left, box.top, box.right, box.bottom].map(Math.round) };
    })()""")


def photographed(page, box):
    """The pixels of the page within `box`, once a picture is painted there: what has loaded is decoded beside the page."""

    def look():
        pixels = np.asarray(page.screenshot().crop(box)).astype(int)
        # A placeholder has one colour.
        return pixels if pixels.std() > 10 else None

    return s3.wait_until(look, 10, "a picture, painted")


def shift(page):
    """The page's cumulative layout shift so far."""
    page.painted()
    return page.value("shifts.reduce((sum, shift) => sum + shift.value, 0)")


@pytest.mark.parametrize("viewport, width", [(NARROW, 640), (WIDE, 1280)])
def test_the_browser_takes_the_rendition_that_suits_it(page, site, picture, viewport, width):
    visit(page, site, viewport, picture.markup)
    page.wait_for(LOADED)
    page.painted()
    shown = image(page)
    assert shown["src"] == picture.webp[width]
    # And no other.
    assert site.asked == [picture.webp[width]]
    left, _, right, _ = shown["box"]
    assert right - left == min(viewport[0], 1200)


@pytest.mark.parametrize("viewport", [NARROW, WIDE])
def test_the_place_is_kept_and_coloured_until_the_picture_is_there(page, site, picture, viewport):
    site.open.clear()
    try:
        visit(page, site, viewport, picture.markup)
        s3.wait_until(lambda: site.asked or None, 30, "a request for the picture")
        before = image(page)
        assert not page.value(LOADED)
        left, top, right, bottom = before["box"]
        assert (right - left) * 4 == pytest.approx((bottom - top) * 3, abs=4), "3024 to 4032 pixels"
        waiting = np.asarray(page.screenshot().crop(before["box"]))
        assert (waiting.reshape(-1, 3) == picture.color).all(), "all of it has the placeholder's colour"
    finally:
        site.open.set()
    page.wait_for(LOADED)
    after = image(page)
    assert after["box"] == before["box"]
    photographed(page, after["box"])
    assert shift(page) == 0


def test_without_its_measures_the_text_would_move(page, site, picture):
    """That no shift was seen means something: the same page shifts if the markup says less."""
    site.open.clear()
    try:
        visit(page, site, NARROW, re.sub(r' (width|height)="\d+"', "", picture.markup))
        s3.wait_until(lambda: site.asked or None, 30, "a request for the picture")
        page.painted()
    finally:
        site.open.set()
    page.wait_for(LOADED)
    assert shift(page) > 0


def test_a_style_sheet_crops_it_as_the_manual_says(page, site, picture):
    (css,) = re.findall(r"```css\n(.*?)```", (ROOT / "docs/MARKUP.md").read_text(), re.S)
    seen = []
    for point in ("0% 0%", "100% 100%"):
        # As of a picture with a focal point.
        markup = picture.markup.replace('style="', f'style="object-position:{point};')
        visit(page, site, NARROW, f'<div class="cards">{markup}</div>', css)
        page.wait_for(LOADED)
        left, top, right, bottom = box = image(page)["box"]
        assert (right - left, bottom - top) == (400, 225)
        seen.append(photographed(page, box))
    assert np.abs(seen[0] - seen[1]).mean() > 10, "another part of the picture"


@pytest.fixture(scope="module")
def html_validate(tmp_path_factory):
    """Runs html-validate on a page: what is wrong with it by the HTML standard."""
    program = tools.npm_program("html-validate")
    home = tmp_path_factory.mktemp("html")
    (home / ".htmlvalidate.json").write_text(json.dumps({"root": True, "extends": ["html-validate:standard"]}))

    def run(text):
        (home / "page.html").write_text(text)
        done = process.run([program, "--formatter", "json", "page.html"], cwd=home, check=False)
        results = json.loads(done.stdout)
        assert (done.returncode == 0) == (results == []), done.stderr
        return [message["ruleId"] for result in results for message in result["messages"]]

    return run


def test_the_page_is_valid_html(html_validate, picture):
    page = PAGE.format(markup=picture.markup, css="")
    assert html_validate(page) == []
    assert html_validate(page.replace(' width="1920"', ' width="100%"')) == ["attribute-allowed-values"]
