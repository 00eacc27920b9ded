"""Fixtures: the programs, the generated inputs, and `thumbnailer up` running.

`cargo xtask test` builds the programs and sets the environment that is read here.
"""

import json
import os
import pathlib
import shutil
import tempfile

# Before any client is made: nothing of the machine's own AWS set-up or proxy gets into the tests.
for name in list(os.environ):
    if name.startswith("AWS_") or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="local",
    AWS_SECRET_ACCESS_KEY="locallocal",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_REGION="us-east-1",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_MAX_ATTEMPTS="2",
    NO_PROXY="*",
    # Servers of the tests are not found by `uploader --local` of the person who runs them.
    THUMBNAILER_STATE=tempfile.mkdtemp(prefix="thumbnailer-state-"),
)

import pytest

from support import process, s3

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _from_environment(variable):
    path = pathlib.Path(os.environ.get(variable, f"(no {variable})"))
    if not path.exists():
        pytest.exit(f"{variable} has to name an existing path, but is {path}. Run `cargo xtask test`, which sets it.", 4)
    return path


@pytest.fixture(scope="session")
def thumbnailer():
    return _from_environment("THUMBNAILER")


@pytest.fixture(scope="session")
def uploader():
    return _from_environment("UPLOADER")


@pytest.fixture(scope="session")
def bootstrap():
    return _from_environment("BOOTSTRAP")


@pytest.fixture(scope="session")
def infra():
    return _from_environment("INFRA")


class Inputs:
    """The generated inputs: a folder, and what is known of each file by its path in it."""

    def __init__(self, home):
        self.folder = home / "files"
        files = json.loads((home / "inputs.json").read_text())
        self.kinds = {file["path"]: file["displayed"] for file in files if "displayed" in file}
        self.broken = {file["path"]: file["expect"] for file in files if "displayed" not in file}


@pytest.fixture(scope="session")
def inputs():
    return Inputs(_from_environment("TEST_INPUTS"))


@pytest.fixture(scope="session")
def photo():
    """A committed photograph, small enough to be derived quickly."""
    return ROOT / "fixtures/photos/coffee.jpg"


class Up:
    """`thumbnailer up`, running."""

    def __init__(self, process):
        self.process = process
        self.endpoint = process.wait_for_line(r"S3 at (http://127\.0\.0\.1:\d+)").group(1)
        self.s3 = s3.client("s3", self.endpoint)


def start_up(thumbnailer, home, *arguments, env=None):
    home.mkdir(parents=True, exist_ok=True)
    command = [thumbnailer, "up", *arguments, "--data", home / "data", "--s3-port", "0"]
    return process.running("thumbnailer up", command, home / "up.log", env=env)


@pytest.fixture(scope="session")
def up(thumbnailer, tmp_path_factory):
    """One for all tests that don't mind each other; each takes keys of its own."""
    home = tmp_path_factory.mktemp("up")
    with start_up(thumbnailer, home) as running:
        yield Up(running)
    shutil.rmtree(home / "data", ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails shows the end of every running process's log."""
    report = (yield).get_result()
    if report.failed:
        for running in process.RUNNING:
            end = "\n".join(running.text().splitlines()[-40:])
            report.sections.append((f"{running.name}: the end of {running.log}", end))
