#!/usr/bin/env python3
"""Runs Ceph's s3-tests against local-s3 and compares the result with what is known to fail.

    python3 tests/ceph/run.py S3_TESTS [--server target/release/local-s3] [--jobs 4] [-k EXPRESSION]

S3_TESTS is a checkout of https://github.com/ceph/s3-tests. Python must have its requirements, pytest-timeout, and
pytest-xdist for --jobs. Exits with 1 if a test fails that `known.toml` does not list, or if one passes that it does.
"""

import argparse
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]
KEY = "local"
SECRET = "locallocal"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def configuration(port):
    """The configuration that s3-tests reads. It names further users, whose tests are out of scope."""
    user = f"access_key = {KEY}\nsecret_key = {SECRET}\nemail = local@example.com\n"
    sections = [
        f"[DEFAULT]\nhost = 127.0.0.1\nport = {port}\nis_secure = False\nssl_verify = False\n",
        "[fixtures]\nbucket prefix = s3t-{random}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n",
        # Buckets in us-east-1 have no location constraint.
        f"[s3 main]\ndisplay_name = local\nuser_id = local\napi_name =\n{user}",
        f"[s3 tenant]\ndisplay_name = tenant\nuser_id = tenant\ntenant = testx\n{user}",
        f"[iam]\ndisplay_name = iam\nuser_id = iam\n{user}",
    ]
    sections += [f"[{name}]\ndisplay_name = x\nuser_id = x\n{user}" for name in ("s3 alt", "iam root", "iam alt root")]
    return "\n".join(sections)


def start(server, folder, port):
    process = subprocess.Popen([server, str(folder), str(port), "--any-origin"])
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"{server} ended with {process.returncode}")
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    sys.exit(f"{server} does not listen on port {port}")


def remove_first_bucket(port):
    """Some tests expect an account without buckets."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    ).delete_bucket(Bucket="originals")


def collect(checkout, environment, expression):
    """The ids of all tests that `expression` selects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *FILES]
    if expression:
        command += ["-k", expression]
    lines = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if "::" in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("--server", default=str(HERE.parents[1] / "target/release/local-s3"))
    parser.add_argument("--jobs", type=int, default=0, help="tests at once; 0 runs one after another")
    parser.add_argument("-k", dest="expression", help="as pytest's")
    options = parser.parse_args()
    known = tomllib.loads((HERE / "known.toml").read_text())
    excluded = re.compile("|".join(known["out_of_scope"]["names"]), re.IGNORECASE)
    needs = {name for row in known["needs"] for name in row["tests"]}
    expected = {name for row in known["fails"] for name in row["tests"]}
    name_of = lambda test: test.rsplit("::", 1)[-1]

    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        config = pathlib.Path(home, "s3tests.conf")
        config.write_text(configuration(port))
        environment = os.environ | {"S3TEST_CONF": str(config)}
        server = start(options.server, pathlib.Path(home, "data"), port)
        try:
            remove_first_bucket(port)
            tests = collect(options.checkout, environment, options.expression)
            scope = [test for test in tests if not excluded.search(name_of(test)) and name_of(test) not in needs]
            report = pathlib.Path(home, "report.txt")
            command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=short", "--timeout=120"]
            command += ["-p", "no:cacheprovider", *(["-n", str(options.jobs)] if options.jobs else []), *scope]
            with report.open("w") as out:
                subprocess.run(command, cwd=options.checkout, env=environment, stdout=out, stderr=subprocess.STDOUT)
            text = report.read_text()
        finally:
            server.terminate()
            server.wait()
    outcome = {}
    for status, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", text, re.MULTILINE):
        outcome[name] = "FAILED" if "FAILED" in (outcome.get(name), status) or status == "ERROR" else status
    if not outcome:
        sys.exit(f"no test ran:\n{text[-3000:]}")
    passed = {name for name, status in outcome.items() if status == "PASSED"}
    failed = set(outcome) - passed
    for row in known["fails"]:
        for name in sorted(failed.intersection(row["tests"])):
            print(f"fails  {name}: {row['reason']}")
    for name in sorted(failed - expected):
        print(f"FAILS  {name}: not known to fail")
    for name in sorted(passed & expected):
        print(f"PASSES {name}: known to fail; remove it from known.toml")
    print(f"{len(passed)} of {len(outcome)} tests in scope passed")
    return 1 if failed - expected or passed & expected else 0


if __name__ == "__main__":
    sys.exit(main())
