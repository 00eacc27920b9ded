"""Tools that are not Python's: found on the machine, or installed by npm under target/."""

import os
import pathlib
import shutil
import sys

import pytest

from support import process

TESTS = pathlib.Path(__file__).resolve().parent.parent
# Beside the virtual environment.
HOME = pathlib.Path(sys.prefix).parent / "node"


def missing(what, package):
    """Skips the test for want of a tool; in CI, where all are to be there, fails it."""
    said = f"there is no {what} (Debian: apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def npm_packages():
    """The folder with the packages of tests/package.json, installed as package-lock.json says."""
    if not shutil.which("npm"):
        missing("npm", "npm")
    wanted = (TESTS / "package-lock.json").read_text()
    # Written last, so that a folder left half-made is not taken for a whole one.
    stamp = HOME / "installed-lock.json"
    if not stamp.exists() or stamp.read_text() != wanted:
        HOME.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(TESTS / file, HOME)
        process.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"], cwd=HOME,
                    seconds=300)
        stamp.write_text(wanted)
    return HOME / "node_modules"


def npm_program(name):
    """The path of a program of tests/package.json."""
    return npm_packages() / ".bin" / name
