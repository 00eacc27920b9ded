"""`uploader init --stack` against CloudFormation (MiniStack), and what is then uploaded by the profile it wrote."""

import json
import os
import stat
import tomllib

import pytest

from support import ministack, process
from support.pictures import photograph

STACK = "blog"
CDN = "https://d111111abcdef8.cloudfront.net"


class Aws:
    """Clients of MiniStack's services."""

    def __init__(self, running):
        self.endpoint = running.endpoint
        self.stacks, self.s3 = (running.client(service) for service in ("cloudformation", "s3"))

    def deploy(self, name, outputs):
        """A stack `name` of two buckets with `outputs`."""
        bucket = lambda part: {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-{part}"}}
        template = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Resources": {"Originals": bucket("originals"), "Derived": bucket("derived")},
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        self.stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
        waiter = self.stacks.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with ministack.running(tmp_path_factory.mktemp("ministack")) as running:
        aws = Aws(running)
        aws.deploy(
            STACK,
            {
                "OriginalsBucket": {"Ref": "Originals"},
                "DerivedBucket": {"Ref": "Derived"},
                "BaseUrl": CDN,
                "Region": "us-east-1",
                "TransferAcceleration": "false",
                "FunctionName": "not ours to read",
            },
        )
        yield aws


@pytest.fixture
def author(aws, uploader, tmp_path):
    """Runs `uploader` as somebody whose configuration file is `tmp_path`'s."""

    def run(*arguments, check=True, **variables):
        environment = {
            "UPLOADER_CONFIG": str(tmp_path / "home/config.toml"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }
        return process.run([uploader, *arguments], env=environment, check=check)

    return run


def test_the_outputs_of_a_stack_become_a_profile(aws, author, tmp_path):
    done = author("init", "--stack", STACK, "--endpoint-url", aws.endpoint)
    file = tmp_path / "home/config.toml"
    assert tomllib.loads(file.read_text()) == {
        "default": STACK,
        "profiles": {
            STACK: {
                "bucket": f"{STACK}-originals",
                "derived_bucket": f"{STACK}-derived",
                "base_url": CDN,
                "region": "us-east-1",
                "endpoint_url": aws.endpoint,
                "accelerate": False,
            }
        },
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert done.stdout == file.read_text().split("\n\n")[1]
    assert str(file) in done.stderr and "uploader doctor" in done.stderr


def test_what_was_written_is_enough_to_upload(aws, author, tmp_path):
    author("init", "--stack", STACK, "--endpoint-url", aws.endpoint)
    source = photograph(320, 200, seed=91)
    (tmp_path / "x.jpg").write_bytes(source)
    author("put", tmp_path / "x.jpg", "--no-wait")
    assert aws.s3.get_object(Bucket=f"{STACK}-originals", Key="x.jpg")["Body"].read() == source
    listed = json.loads(author("ls", "--json").stdout)
    assert (listed["key"], listed["state"], listed["bytes"]) == ("x.jpg", "uploaded", len(source))
    told = [json.loads(line) for line in author("doctor", "--json", check=False).stdout.splitlines()]
    verdicts = {check["check"]: check["verdict"] for check in told}
    expected = {"configuration": "ok", "credentials": "ok", "originals": "ok", "upload": "ok", "renditions": "ok"}
    assert {name: verdicts[name] for name in expected} == expected


def test_a_second_profile_leaves_the_first_as_it_is(aws, author, tmp_path):
    file = tmp_path / "home/config.toml"
    file.parent.mkdir()
    before = "# by hand\ndefault = 'mine'\n\n[profiles.mine]\nbucket = 'b' # dear\n"
    file.write_text(before)
    author("init", "--stack", STACK, "--profile", "other", "--endpoint-url", aws.endpoint)
    assert file.read_text().startswith(before + "\n[profiles.other]\n")


def test_a_stack_that_is_not_there_is_named(aws, author, tmp_path):
    done = author("init", "--stack", "nowhere", "--endpoint-url", aws.endpoint, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no stack 'nowhere' in us-east-1" in done.stderr and "--region" in done.stderr
    assert not (tmp_path / "home").exists()


def test_missing_outputs_are_named(aws, author, tmp_path):
    aws.deploy("half", {"OriginalsBucket": {"Ref": "Originals"}, "Topic": "t"})
    done = author("init", "--stack", "half", "--endpoint-url", aws.endpoint, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "lacks the outputs DerivedBucket, BaseUrl; it has OriginalsBucket, Topic" in done.stderr
    assert not (tmp_path / "home").exists()


def test_doctor_says_who_one_is(aws, author):
    # There is no such region, so that no S3 is asked for anything.
    amazon = {"AWS_ENDPOINT_URL_STS": aws.endpoint, "AWS_REGION": "xx-nowhere-1", "AWS_MAX_ATTEMPTS": "1",
              "UPLOADER_BUCKET": "named-originals", "UPLOADER_DERIVED_BUCKET": "named-derived"}
    done = author("doctor", "--json", check=False, UPLOADER_CONFIG=os.devnull, **amazon)
    told = {check["check"]: check for check in map(json.loads, done.stdout.splitlines())}
    assert told["credentials"]["verdict"] == "ok", told
    assert told["credentials"]["detail"].startswith("arn:aws:"), told
    assert (done.returncode, told["originals"]["verdict"]) == (1, "error")
