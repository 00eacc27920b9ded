"""`kill -9` of `thumbnailer up` in the middle of twenty uploads: started again, all are derived, nothing is torn."""

import hashlib
import json
import threading

import botocore.exceptions
import pytest

from conftest import Up, start_up
from support import process, s3
from support.pictures import photograph

COUNT = 20


@pytest.fixture(scope="module")
def sources():
    return {f"album/{number:02} ü.jpg": photograph(1600, 1200, seed=100 + number) for number in range(COUNT)}


def check_all(running, sources):
    for key, source in sources.items():
        s3.check_derived(running.s3, key, source, seconds=180)
    # Everything that the buckets show is named by a manifest, and whole.
    named = set()
    for key in sources:
        manifest = s3.manifest(running.s3, key)
        paths = [entry["path"] for entry in manifest["renditions"] + manifest.get("retired", [])]
        named |= {f"{key}/{path}" for path in ["manifest.json", *paths]}
    assert set(s3.keys(running.s3, "derived")) <= named
    assert sorted(s3.keys(running.s3, "originals")) == sorted(sources)


def check_folder(data):
    """The readable view: no temporary or torn file among what a person would open."""
    for manifest_file in data.glob("derived/**/manifest.json"):
        manifest = json.loads(manifest_file.read_text())
        for rendition in manifest["renditions"]:
            body = (manifest_file.parent / rendition["path"]).read_bytes()
            assert hashlib.sha256(body).hexdigest() == rendition["sha256"], rendition["path"]
    names = [path.name for bucket in ("originals", "derived") for path in (data / bucket).rglob("*") if path.is_file()]
    assert names, "there is a readable view"
    strangers = [name for name in names if not name.endswith((".jpg", ".webp", ".png", "manifest.json"))]
    assert strangers == []


def upload_all(s3_client, sources, begun):
    """Uploads each, until the server is gone; the keys whose upload was acknowledged."""
    done = []
    for key, source in sources.items():
        try:
            s3_client.put_object(Bucket="originals", Key=key, Body=source)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            break
        done.append(key)
        begun(len(done))
    return done


@pytest.mark.parametrize("after", [3, 11, 20])
def test_killed_while_clients_upload(thumbnailer, sources, tmp_path, after):
    enough = threading.Event()
    acknowledged = []
    with start_up(thumbnailer, tmp_path) as first:
        running = Up(first)
        work = lambda: acknowledged.extend(  # noqa: E731
            upload_all(running.s3, sources, lambda count: count >= after and enough.set())
        )
        thread = threading.Thread(target=work)
        thread.start()
        assert enough.wait(120)
        first.kill()
        thread.join(60)
    assert acknowledged, "some uploads had been acknowledged"
    unfinished = dict(list(sources.items())[len(acknowledged) :])

    (tmp_path / "up.log").rename(tmp_path / "up-killed.log")
    with start_up(thumbnailer, tmp_path) as second:
        running = Up(second)
        # What was acknowledged needs nothing from anybody; a client sends again what was not.
        upload_all(running.s3, unfinished, lambda count: None)
        check_all(running, sources)
        assert second.stop() == 0
    check_folder(tmp_path / "data")


def test_killed_while_it_uploads_twenty_itself(thumbnailer, sources, tmp_path):
    album = tmp_path / "album"
    album.mkdir()
    for key, source in sources.items():
        (album / key.rsplit("/", 1)[1]).write_bytes(source)
    keys = {key.rsplit("/", 1)[1]: source for key, source in sources.items()}

    with start_up(thumbnailer, tmp_path, album) as first:
        running = Up(first)
        s3.wait_until(
            lambda: len([k for k in s3.keys(running.s3, "derived") if k.endswith("manifest.json")]) >= 3 or None,
            120,
            "three of twenty derived",
        )
        first.kill()

    once = [thumbnailer, "up", album, "--once", "--json", "--data", tmp_path / "data", "--s3-port", "0"]
    reports = [json.loads(line) for line in process.run(once, seconds=240).stdout.splitlines()]
    assert len(reports) == COUNT
    assert {report["state"] for report in reports} == {"derived"}

    (tmp_path / "up.log").rename(tmp_path / "up-killed.log")
    with start_up(thumbnailer, tmp_path) as second:
        check_all(Up(second), keys)
    check_folder(tmp_path / "data")
