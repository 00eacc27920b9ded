"""Where uploads really go: to the accelerated endpoint, or the regular one, signed for that host."""

import json

import pytest

from support import process
from support.amazon import Amazon
from support.pictures import photograph

BUCKET = "blog-originals"
REGULAR = f"{BUCKET}.s3.eu-central-1.amazonaws.com"
ACCELERATED = f"{BUCKET}.s3-accelerate.amazonaws.com"
DUAL_STACK = f"{BUCKET}.s3-accelerate.dualstack.amazonaws.com"


@pytest.fixture
def amazon(tmp_path):
    regional = (f"{BUCKET}.s3.{stack}eu-central-1.amazonaws.com" for stack in ("", "dualstack."))
    running = Amazon(tmp_path, ACCELERATED, DUAL_STACK, *regional)
    yield running
    running.stop()


@pytest.fixture
def put(uploader, amazon, tmp_path):
    seeds = iter(range(100))

    def run(*arguments, bucket=BUCKET, env={}, **kwargs):
        file = tmp_path / f"{next(seeds)}.jpg"
        file.write_bytes(photograph(640, 400, seed=7))
        command = [uploader, "put", file, "--bucket", bucket, "--derived-bucket", "blog-images",
                   "--region", "eu-central-1", "--no-wait", "--json", *arguments]
        own = {"UPLOADER_STATE": str(tmp_path / "state"), "UPLOADER_CONFIG": str(tmp_path / "none.toml")}
        (tmp_path / "none.toml").touch()
        return process.run(command, env={**amazon.environment, **own, **env}, **kwargs)

    return run


def puts(amazon):
    return [request["host"] for request in amazon.requests if request["method"] == "PUT"]


def test_a_bucket_that_has_it_is_asked_once_and_used(amazon, put):
    for _ in range(2):
        assert json.loads(put().stdout)["state"] == "uploaded"
    assert puts(amazon) == [ACCELERATED, ACCELERATED]
    asked = [request["host"] for request in amazon.requests if "accelerate" in request["query"]]
    assert asked == [REGULAR]
    assert all(request["signed"] for request in amazon.requests), amazon.requests
    assert all(request["bytes"] > 10_000 for request in amazon.requests if request["method"] == "PUT")


def test_a_bucket_that_has_it_not_goes_the_regular_way(amazon, put):
    amazon.accelerated = False
    put()
    assert puts(amazon) == [REGULAR]


def test_flags_choose_the_way(amazon, put):
    put("--no-accelerate")
    put("--accelerate")
    assert puts(amazon) == [REGULAR, ACCELERATED]
    assert not any("accelerate" in request["query"] for request in amazon.requests)


def test_it_goes_with_dual_stack(amazon, put):
    put("--accelerate", env={"AWS_USE_DUALSTACK_ENDPOINT": "true"})
    assert puts(amazon) == [DUAL_STACK]
    assert all(request["signed"] for request in amazon.requests)


def test_what_cannot_have_it_says_why(put):
    dots = put("--accelerate", bucket="img.example.org", check=False)
    assert dots.returncode == 1
    assert "has dots in it" in dots.stderr and "--no-accelerate" in dots.stderr
    endpoint = put("--accelerate", "--endpoint-url", "http://127.0.0.1:1", check=False)
    assert endpoint.returncode == 1
    assert "the server is http://127.0.0.1:1" in endpoint.stderr
