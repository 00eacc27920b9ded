"""checkov's findings in the template are those that infra/checkov.yaml gives a reason for, no more and no fewer."""

import json
import os
import pathlib
import re

import pytest

from support import process, tools

INFRA = pathlib.Path(__file__).resolve().parent.parent / "infra"


@pytest.fixture(scope="module")
def checkov():
    """Runs checkov, which has packages of its own and so an environment of its own, beside that of the tests."""
    program = tools.HOME.parent / "venv-checkov/bin/checkov"
    if not program.exists():
        said = f"there is no {program} (made by `cargo xtask test` and `cargo xtask venv`)"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    return lambda *arguments: process.run([program, "-f", INFRA / "template.yaml", *arguments], check=False)


def skipped():
    """The checks of the skip list, each with the comment before it."""
    listed = (INFRA / "checkov.yaml").read_text().partition("skip-check:\n")[2]
    return {check: reason for reason, check in re.findall(r"((?:  #.*\n)*)  - (\w+)\n", listed)}


def test_nothing_is_found_but_what_is_skipped(checkov):
    done = checkov("--config-file", INFRA / "checkov.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_is_skipped_would_be_found(checkov):
    done = checkov("--framework", "cloudformation", "--skip-download", "--output", "json")
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0 and report["summary"]["passed"] > 40
    assert {finding["check_id"] for finding in report["results"]["failed_checks"]} == set(skipped())


def test_every_skip_has_its_reason():
    assert skipped() and all(len(reason.split()) > 5 for reason in skipped().values())
