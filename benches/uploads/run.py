"""`uploader` beside the AWS CLI, boto3's transfer manager and rclone: the same files to the same server on loopback.

Run by `cargo xtask bench --uploads`. Each tool takes its turn in every round (A B C D, A B C D, …); medians of time on
the wall and of the tool's own CPU time, and ratios to the fastest other tool round by round.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

BUCKET = "originals"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--uploader", required=True)
    options.add_argument("--serve", required=True)
    options.add_argument("--home", type=pathlib.Path, required=True)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--quick", action="store_true")
    options = options.parse_args()

    home = options.home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    environment(home)
    jobs = inputs(home, quick=options.quick)
    port = "9477"
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    tools = available(options.uploader, home, port)
    print("tools: " + "; ".join(f"{name} ({version})" for name, (_, version) in tools.items()))
    for title, source, files in jobs:
        results = {name: [] for name in tools}
        for turn in range(options.rounds):
            for name, (command, _) in tools.items():
                with serving(options.serve, home / "data", port):
                    results[name].append(measured(command(source)))
                    check(files)
        report(title, results)


def environment(home):
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="locallocal",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        UPLOADER_STATE=str(home / "state"),
        XDG_CONFIG_HOME=str(home / "config"),
    )


def inputs(home, quick):
    """One large file, and many of a photograph's size; bytes that nobody can make smaller."""
    large, many = home / "large", home / "many"
    large.mkdir()
    many.mkdir()
    count, size = (100, 256 << 20) if quick else (1000, 2 << 30)
    with open(large / "large.bin", "wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    for number in range(count):
        (many / f"{number:04}.jpg").write_bytes(os.urandom(200_000))
    return [
        (f"1 × {size >> 20} MiB", large, {"large.bin": size}),
        (f"{count} × 200 kB", many, {f"{number:04}.jpg": 200_000 for number in range(count)}),
    ]


BOTO3 = """
import concurrent.futures, pathlib, sys, boto3
from boto3.s3.transfer import TransferConfig
s3 = boto3.client("s3")
files = [file for file in pathlib.Path(sys.argv[1]).iterdir()]
with concurrent.futures.ThreadPoolExecutor(10) as pool:
    done = [pool.submit(s3.upload_file, str(file), "originals", file.name, Config=TransferConfig()) for file in files]
    for future in done:
        future.result()
"""


def available(uploader, home, port):
    """What there is: each tool's command for a folder, and its version."""
    bin = pathlib.Path(sys.executable).parent
    import awscli
    import boto3

    version = subprocess.run([uploader, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    tools = {
        "uploader": (
            lambda source: [uploader, "put", source, "--force", "--no-wait", "--quiet"],
            version,
        ),
        "aws s3 cp": (
            lambda source: [bin / "aws", "s3", "cp", "--recursive", "--only-show-errors", source, f"s3://{BUCKET}/"],
            awscli.__version__,
        ),
        "boto3": (lambda source: [sys.executable, "-c", BOTO3, source], boto3.__version__),
    }
    if rclone := shutil.which("rclone"):
        said = subprocess.run([rclone, "version"], capture_output=True, text=True, check=True).stdout
        remote = (
            f":s3,provider=Other,env_auth=true,region=us-east-1,endpoint='http://127.0.0.1:{port}',"
            "force_path_style=true,no_check_bucket=true:" + BUCKET
        )
        tools["rclone"] = (
            lambda source: [rclone, "--config", os.devnull, "copy", source, remote, "--transfers", "16"],
            said.split()[1],
        )
    else:
        print("rclone is left out: it takes part only where it is installed (Debian: apt-get install rclone)")
    return tools


class serving:
    """The server, on an empty folder."""

    def __init__(self, program, folder, port):
        self.program, self.folder, self.port = program, folder, port

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process = subprocess.Popen([self.program, self.folder, self.port], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("S3 at")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        # What this run left to be written is not the next one's burden.
        os.sync()


def measured(command):
    """Seconds on the wall, and of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def check(files):
    import boto3

    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    there = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}
    assert there == files, f"{len(there)} of {len(files)} files arrived whole"


def report(title, results):
    print(f"\n{title}")
    others = [name for name in results if name != "uploader"]
    for name, runs in results.items():
        wall, cpu = (statistics.median(run[at] for run in runs) for at in (0, 1))
        ratios = [ours[0] / theirs[0] for ours, theirs in zip(results["uploader"], runs)]
        beside = "" if name == "uploader" else f"   uploader ÷ {name}: {statistics.median(ratios):.2f}"
        print(f"  {name:10} {wall:7.2f} s on the wall, {cpu:6.2f} s of CPU{beside}")
    fastest = [ours[0] / min(results[name][turn][0] for name in others) for turn, ours in enumerate(results["uploader"])]
    print(f"  uploader ÷ the fastest other: {statistics.median(fastest):.2f}")
    print(json.dumps({"files": title, "results": results}), file=sys.stderr)


if __name__ == "__main__":
    main()
