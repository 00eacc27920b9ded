"""`uploader put` against `thumbnailer up`: the author's side of one upload."""

import json
import urllib.parse

import pytest

from support import process, s3
from support.elements import elements
from support.pictures import photograph


@pytest.fixture
def put(up, uploader):
    def run(*arguments, **kwargs):
        return process.run([uploader, "put", "--endpoint-url", up.endpoint, *arguments], **kwargs)

    return run


def test_it_prints_the_picture_that_a_page_needs(up, put, tmp_path):
    source = photograph(1400, 900, seed=61)
    file = tmp_path / "harbour a+ü.jpg"
    file.write_bytes(source)
    done = put(file, "--to", "2026/lisbon", "--alt", 'Boats "at" <dawn>')
    key = "2026/lisbon/harbour a+ü.jpg"
    manifest = s3.check_derived(up.s3, key, source, seconds=1)

    found = elements(done.stdout)
    assert [tag for tag, _ in found][0] == "picture"
    (image,) = [attributes for tag, attributes in found if tag == "img"]
    assert image["alt"] == 'Boats "at" <dawn>'
    largest = max(manifest["renditions"], key=lambda rendition: rendition["width"])
    assert (int(image["width"]), int(image["height"])) == (largest["width"], largest["height"]) == (1400, 900)
    assert image["loading"] == "lazy" and image["decoding"] == "async"
    candidates = [entry.split() for _, attributes in found if "srcset" in attributes
                  for entry in attributes["srcset"].split(", ")]
    assert len(candidates) == len(manifest["renditions"])
    for url, width in candidates:
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path).removeprefix("/derived/")
        rendition = up.s3.head_object(Bucket="derived", Key=path)
        assert rendition["ContentType"].startswith("image/") and f"/{width.removesuffix('w')}-" in path


def test_json_has_one_object_a_file_and_all_else_is_on_stderr(put, tmp_path):
    files = []
    for seed in (62, 63):
        files.append(tmp_path / f"{seed}.jpg")
        files[-1].write_bytes(photograph(640, 480, seed=seed))
    lines = [json.loads(line) for line in put(*files, "--json").stdout.splitlines()]
    assert [line["key"] for line in lines] == ["62.jpg", "63.jpg"]
    assert {line["state"] for line in lines} == {"derived"}
    assert all("<picture" in line["markup"] and line["missing_alt"] for line in lines)


@pytest.mark.parametrize("kind, sign", [("markdown", "<picture"), ("jsx", "srcSet="), ("url", "http://127.0.0.1"),
                                        ("hugo", "{{< picture\n"), ("astro", 'alt="x" loading="lazy"')])
def test_other_markup(put, tmp_path, kind, sign):
    file = tmp_path / f"as-{kind}.jpg"
    file.write_bytes(photograph(500, 300, seed=64))
    assert sign in put(file, "--markup", kind, "--alt", "x").stdout


def test_what_is_no_picture_is_refused_before_it_is_sent(up, put, tmp_path):
    file = tmp_path / "notes.jpg"
    file.write_text("not a picture")
    done = put(file, check=False)
    assert done.returncode == 1
    assert "notes.jpg" in done.stderr and done.stdout == ""
    assert s3.keys(up.s3, "originals", "notes.jpg") == []


def test_a_picture_that_is_rejected_says_why(put, inputs, tmp_path):
    # Its header is sound, so that only deriving finds out.
    file = tmp_path / "cut.jpg"
    file.write_bytes((inputs.folder / "broken/truncated-at-10-percent.jpg").read_bytes())
    done = put(file, "--force", check=False)
    assert done.returncode == 1
    assert "cut.jpg" in done.stderr and len(done.stderr.split()) > 8, done.stderr


def test_no_server_is_said_in_words(uploader, photo):
    port = process.free_port()
    done = process.run(
        [uploader, "put", photo, "--endpoint-url", f"http://127.0.0.1:{port}"], seconds=60, check=False
    )
    assert done.returncode == 1
    assert "thumbnailer up" in done.stderr and "panicked" not in done.stderr


def test_a_wrong_secret_is_said_in_words(put, photo):
    done = put(photo, env={"AWS_SECRET_ACCESS_KEY": "wrong"}, check=False)
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr


def test_wrong_usage_exits_2(put, tmp_path):
    assert put(check=False).returncode == 2
    assert put(tmp_path / "absent.jpg", check=False).returncode in (1, 2)


def test_other_texts_reach_the_markup_without_versions(put, tmp_path):
    file = tmp_path / "texts.jpg"
    file.write_bytes(photograph(1200, 800, seed=64))
    for text in ("one", "two", "three"):
        done = put(file, "--figure", "--caption", text, "--alt", text)
        assert f"<figcaption>{text}</figcaption>" in done.stdout, done.stdout
