"""The S3 of `thumbnailer up` with the clients that people use: odd names and a large file, there and back."""

import hashlib
import random
import time

import pytest

from support import clients

NAMES = [
    "plain.jpg",
    "with space.jpg",
    " leading space.jpg",
    "trailing space ",
    "two  spaces.jpg",
    "plus+plus ++.jpg",
    "percent%.jpg",
    "encoded%20%2F%00.jpg",
    'double"quote.jpg',
    "single'quote.jpg",
    "back`tick.jpg",
    "back\\slash.jpg",
    "caf\u00e9 NFC.jpg",
    "cafe\u0301 NFD.jpg",
    "日本/写真.jpg",
    "emoji \U0001f305 \U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
    ".hidden.jpg",
    "..two dots.jpg",
    "dots...",
    "very long " + "ü" * 115,
    "hash#tag.jpg",
    "question?x=1&y=2.jpg",
    "amp&amp;lt&lt;.jpg",
    "semi;colon,comma.jpg",
    "colon:at@equals=.jpg",
    "dollar$(brace){}.jpg",
    "star*.jpg",
    "[bracket].jpg",
    "tilde~caret^pipe|.jpg",
    "less<greater>.jpg",
    "folder +%/nested & deep/ä.jpg",
    "tab\there.jpg",
    "right-to-left \u202egpj.jpg",
    "delete \u007f.jpg",
]
LARGE = "large.bin"
LARGE_BYTES = 60_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a file for each name, of different sizes, and a large one."""
    home = tmp_path_factory.mktemp("odd names")
    generator = random.Random(13)
    for number, name in enumerate(NAMES):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(generator.randbytes(number * 991))
    (home / LARGE).write_bytes(generator.randbytes(LARGE_BYTES))
    return home


def digests(folder, leave_out=()):
    files = clients.files_below(folder)
    return {name: hashlib.sha256(path.read_bytes()).digest() for name, path in files.items() if name not in leave_out}


@pytest.mark.parametrize("client", clients.ALL, ids=lambda client: client.__name__)
def test_odd_names_and_a_large_file_go_there_and_back(up, client, folder, tmp_path):
    client = client(up.endpoint)
    bucket = "client-" + hashlib.sha256(type(client).__name__.encode()).hexdigest()[:16]
    up.s3.create_bucket(Bucket=bucket)
    source = tmp_path / "source"
    for name, path in clients.files_below(folder).items():
        if name not in client.cannot:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).hardlink_to(path)
    expected = digests(folder, client.cannot)
    assert len(expected) >= 33, "32 odd names and the large file"

    seconds = {}
    for step, work in [
        ("upload", lambda: client.upload(source, bucket)),
        ("list", lambda: client.list(bucket)),
        ("download", lambda: client.download(bucket, tmp_path / "back")),
        ("delete", lambda: client.delete(bucket)),
    ]:
        (tmp_path / "back").mkdir(exist_ok=True)
        started = time.monotonic()
        result = work()
        seconds[step] = round(time.monotonic() - started, 2)
        if step == "upload":
            listed = up.s3.list_objects_v2(Bucket=bucket)["Contents"]
            assert {entry["Key"] for entry in listed} == set(expected)
        if step == "list":
            assert result == {name: (folder / name).stat().st_size for name in expected}
    print(type(client).__name__, seconds)
    assert digests(tmp_path / "back") == expected
    assert up.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert max(seconds.values()) < clients.SECONDS, f"a step stalls: {seconds}"
