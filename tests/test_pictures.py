"""What `thumbnailer render` makes of every kind of input and of broken files, as Pillow and littlecms see it."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from conftest import ROOT
from support import process
from support.pictures import difference, metadata, photograph, seen

# Pillow doesn't read these kinds' way of saying what colours are meant; the file here has the same pixels and says
# it in a way that Pillow reads.
SAME_SPACE = {
    # Pillow takes all inks of JPEGs for inverted, with Adobe's marker or without.
    "jpeg-cmyk-no-marker.jpg": "jpeg-cmyk-adobe-marker.jpg",
    "jpeg-adobe-rgb-by-exif.jpg": "jpeg-adobe-rgb.jpg",
    "png-cicp-display-p3.png": "png-iccp-display-p3.png",
}
# No profile says what these inks look like; Pillow's guess is one of many. Which quadrant is which is looked at.
UNTAGGED_INKS = re.compile(r"jpeg-(cmyk|ycck).*-untagged\.jpg")
# What Pillow (13.0) cannot open, or shows otherwise than it should.
NO_ORACLE = {
    "png-gamma-1.png": "Pillow ignores gAMA",
    "gif-animated-inset.gif": "Pillow paints the canvas around the first frame, which shows nothing",
    "png-chromaticities-p3.png": "Pillow ignores gAMA and cHRM",
}
# libjpeg repeats chroma of a quarter of the columns where it is interpolated here: more pixels differ at edges.
QUARTERED_CHROMA = re.compile(r"jpeg-s410.*\.jpg")
QUADRANTS = {(0.25, 0.25): "red", (0.75, 0.25): "green", (0.25, 0.75): "blue", (0.75, 0.75): "white"}


class Rendered:
    """What a run of `render --json` did: reports by the source's path below the inputs, and its words."""

    def __init__(self, thumbnailer, folder, out, *flags):
        self.out = out
        self.done = process.run([thumbnailer, "render", folder, "--out", out, "--json", *flags], 240, check=False)
        lines = [json.loads(line) for line in self.done.stdout.splitlines()]
        self.reports = {line["source"].removeprefix(f"{folder}/"): line for line in lines}
        assert len(self.reports) == len(lines), "one line a source"

    def files(self, source):
        """(report, path) of each rendition of a source."""
        for entry in self.reports[source]["renditions"]:
            path = self.out / entry["path"]
            yield entry, path


@pytest.fixture(scope="module")
def everything(thumbnailer, inputs, tmp_path_factory):
    """The folder as a stranger would render it: every kind and the broken files together, default preset."""
    return Rendered(thumbnailer, inputs.folder, tmp_path_factory.mktemp("everything"))


@pytest.fixture(scope="module")
def lossless(thumbnailer, inputs, tmp_path_factory):
    """The sound files without loss, so that colours can be compared closely."""
    out = tmp_path_factory.mktemp("lossless")
    return Rendered(thumbnailer, inputs.folder / "kinds", out, "--formats", "webp-lossless,png")


def test_every_line_is_derived_or_rejected_with_a_reason(inputs, everything):
    assert set(everything.reports) >= set(inputs.kinds)
    assert len(inputs.broken) >= 20
    for source, report in everything.reports.items():
        assert report["state"] in ("derived", "rejected"), report
        if report["state"] == "rejected":
            assert report["reason"] and report["renditions"] == [], report
        else:
            assert report["renditions"], report
    assert everything.done.returncode == 1, "some were rejected"
    assert "panicked" not in everything.done.stderr and "RUST_BACKTRACE" not in everything.done.stderr


def test_every_kind_is_derived_at_its_size(inputs, everything):
    for source, displayed in inputs.kinds.items():
        report = everything.reports[source]
        assert report["state"] == "derived", (source, report["reason"])
        assert (report["width"], report["height"]) == (displayed["width"], displayed["height"]), source
        renditions = list(everything.files(source))
        # Smaller than the smallest width: its own size, once a format.
        assert len({entry["media_type"] for entry, _ in renditions}) == len(renditions) == 2, source
        for entry, path in renditions:
            with Image.open(path) as picture:
                picture.load()
                assert picture.size == (displayed["width"], displayed["height"]), path
                assert Image.MIME[picture.format] == entry["media_type"]
            assert path.stat().st_size == entry["bytes"]
        fallback = "image/png" if displayed["alpha"] else "image/jpeg"
        assert fallback in {entry["media_type"] for entry, _ in renditions}, source


def test_broken_files_meet_their_expectation(inputs, everything):
    wrong = {}
    for source, expect in inputs.broken.items():
        # What a walked folder skips, being no picture by name nor by content, has no line.
        report = everything.reports.get(source)
        if report is None:
            if f"skipped" not in everything.done.stderr or source.rsplit("/")[-1] not in everything.done.stderr:
                wrong[source] = "no line"
            continue
        met = {
            "rejected": report["state"] == "rejected",
            "warning": report["state"] == "derived" and bool(report.get("warnings")),
            "either": True,
        }[expect]
        if not met:
            wrong[source] = (expect, report["state"], report.get("warnings"), report["reason"])
    assert wrong == {}


def test_renditions_carry_no_metadata(inputs, everything):
    for source in everything.reports:
        for _, path in everything.files(source):
            assert metadata(path) == set(), path


def test_orientations_are_upright(inputs, everything):
    turned = [source for source in inputs.kinds if "orientation" in source]
    assert len(turned) >= 12
    for source in turned:
        for _, path in everything.files(source):
            check_quadrants(path)


def check_quadrants(path):
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=float)
    height, width, _ = pixels.shape
    for (x, y), color in QUADRANTS.items():
        red, green, blue = pixels[int(y * height), int(x * width)]
        looks = {
            "red": red > green + 60 and red > blue + 60,
            "green": green > red + 60 and green > blue + 60,
            "blue": blue > red + 30 and blue > green,
            "white": min(red, green, blue) > 200,
        }[color]
        assert looks, (path, color, (red, green, blue))


def test_colors_are_those_that_littlecms_shows(inputs, lossless):
    assert lossless.done.returncode == 0, lossless.done.stderr
    wrong = {}
    for source in inputs.kinds:
        name = source.removeprefix("kinds/")
        if name in NO_ORACLE:
            continue
        for _, path in lossless.files(name):
            if UNTAGGED_INKS.fullmatch(name):
                check_quadrants(path)
                continue
            wanted, alpha = seen(inputs.folder / "kinds" / SAME_SPACE.get(name, name))
            got, got_alpha = seen(path)
            if np.abs(alpha - got_alpha).max() > 2.5 / 255:
                wrong[path.name, name] = f"alpha differs by {np.abs(alpha - got_alpha).max() * 255:.0f}"
                continue
            apart = difference(wanted, got)[alpha > 0.25]
            mean = apart.mean() if apart.size else 0.0
            # Decoders differ where chroma was subsampled, at the edges of the quadrants: hence the share.
            share = 0.08 if QUARTERED_CHROMA.fullmatch(name) else 0.05
            if mean > 1.5 or np.mean(apart > 3) > share:
                wrong[path.name, name] = f"mean ΔE {mean:.2f}, {np.mean(apart > 3):.1%} above 3"
    assert wrong == {}


@pytest.mark.parametrize("space", ["jpeg-display-p3.jpg", "jpeg-adobe-rgb.jpg"])
def test_wide_gamut_photographs_keep_their_colors(thumbnailer, inputs, tmp_path, space):
    """At a smaller size too, and through lossy formats: against littlecms, then Pillow's own reduction."""
    with Image.open(inputs.folder / "kinds" / space) as picture:
        profile = picture.info["icc_profile"]
    source = tmp_path / "in/wide.jpg"
    source.parent.mkdir()
    source.write_bytes(photograph(1600, 1200, seed=71, quality=92, noise=2, icc=profile))
    rendered = Rendered(thumbnailer, source.parent, tmp_path / "out", "--widths", "400", "--quality", "90")
    with Image.open(source) as picture:
        unmanaged = reduced(np.asarray(picture) / 255, (400, 300))
    wanted = reduced(seen(source)[0], (400, 300))
    assert difference(wanted, unmanaged).mean() > 4, "the profile matters"
    for _, path in rendered.files("wide.jpg"):
        assert difference(wanted, seen(path)[0]).mean() < 2, path


def reduced(picture, size):
    """A picture in 0…1 made smaller by Pillow."""
    picture = Image.fromarray(np.round(picture * 255).astype(np.uint8))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS)) / 255


def test_committed_photographs_are_derived_upright_and_smaller(thumbnailer, tmp_path):
    photos = ROOT / "fixtures/photos"
    rendered = Rendered(thumbnailer, photos, tmp_path / "out")
    assert rendered.done.returncode == 0, rendered.done.stderr
    for name, report in rendered.reports.items():
        wanted, _ = seen(photos / name)
        assert (report["width"], report["height"]) == (wanted.shape[1], wanted.shape[0]), name
        for entry, path in rendered.files(name):
            assert metadata(path) == set(), path
            if entry["width"] > 640:
                continue
            small = reduced(wanted, (entry["width"], entry["height"]))
            assert difference(small, seen(path)[0]).mean() < 4, (path, "does not look like its source")


# ── Hostile files ─────────────────────────────────────────────────────────────────────────────────────────

MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, timeout=60).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("MEASURED", code, peak, round((time.monotonic() - began) * 1000), file=sys.stderr)
"""


def measured(command):
    """(exit code, peak resident memory in bytes, milliseconds, stdout) of a command, as the kernel counts them."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, command)], capture_output=True, text=True, timeout=90
    )
    code, peak, ms = re.search(r"MEASURED (-?\d+) (\d+) (\d+)", done.stderr).groups()
    assert "panicked" not in done.stderr
    return int(code), int(peak) * 1024, int(ms), done.stdout


def truncated_photograph(share):
    """The committed photograph of 12 megapixels, cut off."""
    (photo,) = (ROOT / "fixtures/photos").glob("*12mp.jpg")
    whole = photo.read_bytes()
    return whole[: int(len(whole) * share)]


@pytest.mark.parametrize(
    "name, state",
    [
        ("header-65535x65535.jpg", "rejected"),
        ("bomb-30000x30000.png", "rejected"),
        ("photograph-cut-at-20-percent.jpg", "rejected"),
        ("photograph-cut-at-80-percent.jpg", "derived"),
    ],
)
def test_hostile_files_are_settled_in_little_memory(thumbnailer, inputs, tmp_path, name, state):
    file = inputs.folder / "broken" / name
    if share := re.search(r"cut-at-(\d+)-percent", name):
        file = tmp_path / name
        file.write_bytes(truncated_photograph(int(share[1]) / 100))
    command = [thumbnailer, "render", file, "--out", tmp_path / "out", "--json"]
    code, peak, ms, out = measured(command)
    (report,) = [json.loads(line) for line in out.splitlines()]
    print(f"{name}: {report['state']} in {ms} ms with {peak / 1e6:.0f} MB")
    assert report["state"] == state
    if state == "rejected":
        assert code == 1 and report["reason"]
        assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    else:
        assert code == 0 and report["warnings"]
    assert peak < 150e6
