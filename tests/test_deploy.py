"""`cargo xtask deploy` and `destroy`: the program `infra`, the real template and the zipped release `bootstrap` in
MiniStack, from nothing to a derived picture and back to nothing."""

import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest

from support import ministack, process, s3
from support.pictures import photograph

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TEMPLATE = pathlib.Path(__file__).resolve().parent.parent / "infra/template.yaml"
CODE_BUCKET = f"thumbnailer-code-{ministack.ACCOUNT}-{s3.REGION}"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with ministack.running(tmp_path_factory.mktemp("ministack")) as aws:
        yield aws


@pytest.fixture(scope="module")
def package(bootstrap, tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "thumbnailer.zip"
    path.write_bytes(ministack.zipped({"bootstrap": bootstrap.read_bytes()}))
    return path


class Operator:
    """Runs `infra` as somebody who has no terminal."""

    def __init__(self, aws, infra, package):
        self.aws, self.infra, self.package = aws, infra, package

    def run(self, command, stack, *flags, check=True):
        command = [self.infra, command, "--stack", stack, "--endpoint-url", self.aws.endpoint, *flags]
        return process.run(command, env=CREDENTIALS, check=check)

    def deploy(self, stack, *flags, check=True, template=TEMPLATE, **parameters):
        given = [word for name, value in parameters.items() for word in ("--param", f"{name}={value}")]
        done = self.run(
            "deploy", stack, "--template", template, "--zip", self.package, *given, *flags, check=check
        )
        self.aws.mend_mappings()
        return done

    def ask(self, command, stack, *flags, answer):
        """As `run`, at a terminal, where the first question gets the `answer`; the exit code, and what was shown."""
        terminal, its_end = pty.openpty()
        command = [self.infra, command, "--stack", stack, "--endpoint-url", self.aws.endpoint, *flags]
        running = subprocess.Popen(
            command, stdin=its_end, stdout=its_end, stderr=its_end, env={**os.environ, **CREDENTIALS},
            start_new_session=True,
        )
        os.close(its_end)
        shown = b""
        with contextlib.suppress(OSError):  # what is read from a terminal that nobody has open any more
            while more := os.read(terminal, 65536):
                shown += more
                if answer and re.search(rb"\[y/N\] $|to go on: $", shown):
                    os.write(terminal, answer.encode() + b"\n")
                    answer = None
        os.close(terminal)
        return running.wait(60), shown.decode()

    def destroy(self, stack, *flags, check=True):
        return self.run("destroy", stack, "--yes", *flags, check=check)


@pytest.fixture(scope="module")
def operator(aws, infra, package):
    return Operator(aws, infra, package)


def inventory(aws):
    """The names of all that a stack could leave behind, by what it is."""

    def names(service, operation, path, name, **arguments):
        answer = getattr(aws.client(service), operation)(**arguments)
        for part in path.split("."):
            answer = answer.get(part) or []
        return sorted(item if name is None else item[name] for item in answer)

    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    return {
        "stacks": sorted((stack["StackName"], stack["StackStatus"]) for stack in stacks),
        "buckets": names("s3", "list_buckets", "Buckets", "Name"),
        "queues": names("sqs", "list_queues", "QueueUrls", None),
        "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
        "mappings": names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        "distributions": names("cloudfront", "list_distributions", "DistributionList.Items", "Id"),
        "origin access": names(
            "cloudfront", "list_origin_access_controls", "OriginAccessControlList.Items", "Id"
        ),
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "policies": names("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
        "log groups": names("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "schedules": names("scheduler", "list_schedules", "Schedules", "Name"),
        "rules": names("events", "list_rules", "Rules", "Name"),
        "topics": names("sns", "list_topics", "Topics", "TopicArn"),
        "alarms": names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "dashboards": names("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    }


def outputs(aws, stack):
    (described,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def upload(aws, bucket, key, source, folder):
    """As anybody would, with the AWS CLI."""
    file = folder / "upload.jpg"
    file.write_bytes(source)
    process.run(
        ["aws", "s3", "cp", file, f"s3://{bucket}/{key}", "--endpoint-url", aws.endpoint, "--only-show-errors"],
        env=CREDENTIALS,
    )


def put_with_uploader(aws, uploader, stack, home):
    """An author's way: the stack's outputs become a profile, and a picture goes by that."""
    environment = {"UPLOADER_CONFIG": str(home / "uploader.toml"), **CREDENTIALS}
    process.run([uploader, "init", "--stack", stack, "--endpoint-url", aws.endpoint], env=environment)
    file = home / "author.jpg"
    file.write_bytes(photograph(700, 500, seed=62))
    done = process.run([uploader, "put", file, "--to", "2026", "--alt", "Hills"], env=environment)
    assert "<picture>" in done.stdout and 'alt="Hills"' in done.stdout
    assert f"{outputs(aws, stack)['BaseUrl']}/2026/author.jpg/" in done.stdout


@pytest.mark.parametrize("mode", ["queue", "eventbridge", "direct"])
def test_from_nothing_to_a_picture_and_back(aws, operator, uploader, tmp_path, mode):
    stack, bucket = f"life-{mode}", f"life-{mode}-originals"
    before = inventory(aws)

    made = operator.deploy(stack, "--yes", OriginalsBucketName=bucket, EventMode=mode)
    assert f"New stack {stack} in us-east-1" in made.stdout
    assert "  + Function " in made.stdout and "No data is lost, and nothing is interrupted." in made.stdout
    assert f"CREATE_COMPLETE             {stack}" in made.stdout
    assert f"Next: uploader init --stack {stack}" in made.stdout
    told = outputs(aws, stack)
    assert f"  {told['BaseUrl']}\n" in made.stdout

    first = photograph(800, 600, seed=60)
    upload(aws, bucket, "first.jpg", first, tmp_path)
    s3.check_derived(aws.client("s3"), "first.jpg", first, told["DerivedBucket"], bucket)
    if mode == "queue":
        put_with_uploader(aws, uploader, stack, tmp_path)

    functions = aws.client("lambda")
    changed = operator.deploy(stack, "--yes", MemorySize=3008)
    assert "  MemorySize  2048 → 3008\n" in changed.stdout
    assert "  ~ Function  AWS::Lambda::Function\n" in changed.stdout
    assert "      MemorySize  (parameter MemorySize)\n" in changed.stdout
    assert "No data is lost, and nothing is interrupted." in changed.stdout
    live = functions.get_alias(FunctionName=told["FunctionName"], Name="live")["FunctionVersion"]
    assert live == "2" == outputs(aws, stack)["FunctionVersion"]
    served = functions.get_function_configuration(FunctionName=told["FunctionName"], Qualifier="live")
    assert served["MemorySize"] == 3008
    second = photograph(640, 480, seed=61)
    upload(aws, bucket, "second.jpg", second, tmp_path)
    s3.check_derived(aws.client("s3"), "second.jpg", second, told["DerivedBucket"], bucket)

    again = operator.deploy(stack, "--yes")
    assert f"The stack {stack} is as it should be: nothing changes." in again.stdout
    assert outputs(aws, stack)["FunctionVersion"] == "2"

    gone = operator.destroy(stack)
    assert f"The stack {stack} is taken down." in gone.stdout
    assert inventory(aws) == before


def test_one_bucket_for_both_does_not_feed_itself(aws, operator, uploader, tmp_path):
    client = aws.client("s3")
    client.create_bucket(Bucket="shared")
    client.put_bucket_versioning(Bucket="shared", VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_notification_configuration(
        Bucket="shared", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    operator.deploy(
        "shared", "--yes", OriginalsBucketName="shared", ExistingOriginals="true", EventMode="eventbridge",
        DerivedBucketName="shared", ExistingDerived="true", DerivedPrefix="derived/",
    )
    put_with_uploader(aws, uploader, "shared", tmp_path)
    environment = {"UPLOADER_CONFIG": str(tmp_path / "uploader.toml"), **CREDENTIALS}
    listed = process.run([uploader, "ls", "--json"], env=environment).stdout.splitlines()
    assert [(line["key"], line["state"]) for line in map(json.loads, listed)] == [("2026/author.jpg", "derived")]

    queue, sqs = outputs(aws, "shared")["QueueUrl"], aws.client("sqs")
    depths = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    s3.wait_until(
        lambda: set(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=depths)["Attributes"].values()) == {"0"}
        or None, 60, "the queue is empty",
    )
    keys = s3.keys(client, "shared")
    assert [key for key in keys if not key.startswith("derived/")] == ["2026/author.jpg"]
    assert len(keys) > 2 and not [key for key in keys if key.startswith("derived/derived/")]
    assert all(key.startswith("derived/2026/author.jpg/") for key in keys if key != "2026/author.jpg")

    operator.destroy("shared")
    assert s3.keys(client, "shared") == keys
    versions = client.list_object_versions(Bucket="shared")["Versions"]
    for version in versions:
        client.delete_object(Bucket="shared", Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket="shared")


def test_a_dry_run_changes_nothing(aws, operator):
    before = inventory(aws)
    shown = operator.deploy("dry", "--dry-run", OriginalsBucketName="dry-originals")
    assert "  + OriginalsBucket " in shown.stdout and "nothing has changed" in shown.stdout
    # A stack under review is deleted by CloudFormation in its own time.
    s3.wait_until(lambda: inventory(aws) == before or None, 10, "all is as it was before")


def test_where_nobody_can_be_asked_nothing_changes(aws, operator):
    before = inventory(aws)
    refused = operator.deploy("unasked", check=False, OriginalsBucketName="unasked-originals")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert "  + OriginalsBucket " in refused.stdout
    s3.wait_until(lambda: inventory(aws) == before or None, 10, "all is as it was before")
    refused = operator.run("destroy", "unasked", check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr


def test_a_person_is_asked(aws, operator):
    before = inventory(aws)
    flags = ["--template", TEMPLATE, "--zip", operator.package, "--param", "OriginalsBucketName=asked-originals"]
    code, shown = operator.ask("deploy", "asked", *flags, answer="n")
    assert code == 1 and "Execute? [y/N] n" in shown and "nothing has changed" in shown
    s3.wait_until(lambda: inventory(aws) == before or None, 10, "all is as it was before")

    code, shown = operator.ask("deploy", "asked", *flags, answer="y")
    assert code == 0 and "\x1b[32m+ Function" in shown, "in colour"
    aws.mend_mappings()
    code, shown = operator.ask("destroy", "asked", answer="askew")
    assert code == 1 and "Type the stack's name, asked, to go on: askew" in shown and "Nothing was deleted." in shown
    assert ("asked", "CREATE_COMPLETE") in inventory(aws)["stacks"]
    code, shown = operator.ask("destroy", "asked", answer="asked")
    assert code == 0 and "is taken down" in shown
    assert inventory(aws) == before


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "a new stack needs OriginalsBucketName"),
        ({"OriginalsBucketName": "o", "memorysize": 1}, "no parameter 'memorysize'. Is it MemorySize?"),
        ({"OriginalsBucketName": "o", "Architecture": "arm64"}, "built for x86_64, but Architecture is arm64"),
    ],
)
def test_what_makes_no_sense_is_refused_first(aws, operator, parameters, said):
    before = inventory(aws)
    refused = operator.deploy("nonsense", "--yes", check=False, **parameters)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert inventory(aws) == before


def test_what_cloudformation_refuses_is_told_in_its_words(aws, operator):
    refused = operator.deploy("wrong", "--yes", check=False, OriginalsBucketName="wrong-o", EventMode="pigeon")
    assert refused.returncode == 1
    assert "EventMode" in refused.stderr


def test_what_fails_is_told_with_its_reason_and_leaves_nothing(aws, operator):
    client = aws.client("s3")
    client.create_bucket(Bucket="taken")
    client.put_object(Bucket="taken", Key="dear.jpg", Body=b"dear")
    before = inventory(aws)
    failed = operator.deploy("failing", "--yes", check=False, OriginalsBucketName="taken")
    assert failed.returncode == 1
    last = failed.stderr.strip().splitlines()[-1]
    assert last.startswith("error: OriginalsBucket (AWS::S3::Bucket) failed: "), last
    assert "taken" in last and "exist" in last and "deleted again" in last and "ExistingOriginals" in last, last
    # Nothing is left but the package, for the next time.
    assert inventory(aws) == {**before, "buckets": sorted([*before["buckets"], CODE_BUCKET])}

    operator.destroy("failing")
    assert inventory(aws) == before
    assert s3.keys(client, "taken") == ["dear.jpg"]
    client.delete_object(Bucket="taken", Key="dear.jpg")
    client.delete_bucket(Bucket="taken")


def test_programs_read_objects(aws, operator):
    made = operator.deploy("objects", "--yes", "--json", OriginalsBucketName="objects-originals")
    told = [json.loads(line) for line in made.stdout.splitlines()]
    kinds = [next(iter(object)) for object in told]
    assert kinds[0] == "change_set" and kinds[-1] == "outputs" and set(kinds[1:-1]) == {"event"}
    assert {"part": "UploadsQueue", "kind": "add"}.items() <= {
        key: value for change in told[0]["change_set"]["changes"] if change["part"] == "UploadsQueue"
        for key, value in change.items()
    }.items()
    assert told[-1]["outputs"] == outputs(aws, "objects")
    operator.destroy("objects")


def test_destroying_goes_on_where_it_was_cut_off(aws, operator):
    before = inventory(aws)
    operator.deploy("cut", "--yes", OriginalsBucketName="cut-originals")
    stacks = aws.client("cloudformation")
    stacks.delete_stack(StackName="cut")
    stacks.get_waiter("stack_delete_complete").wait(StackName="cut", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    client = aws.client("s3")
    for body in (b"once", b"twice"):
        client.put_object(Bucket="cut-originals", Key="x/notes.txt", Body=body)
    client.delete_object(Bucket="cut-originals", Key="x/notes.txt")
    client.put_object(Bucket="cut-originals", Key="a b+ü&%41.txt", Body=b"odd")
    client.create_multipart_upload(Bucket="cut-originals", Key="begun.jpg")

    went_on = operator.destroy("cut")
    assert "The stack cut is gone already." in went_on.stdout
    assert "cut-originals with 1 object and 3 earlier versions" in went_on.stdout
    assert inventory(aws) == before
    assert "nothing of it is left" in operator.destroy("cut").stdout
    never = operator.destroy("never", check=False)
    assert never.returncode == 1 and "there is no stack 'never'" in never.stderr


def test_buckets_can_be_kept_and_those_of_others_always_are(aws, operator):
    client = aws.client("s3")
    client.create_bucket(Bucket="mine")
    client.put_object(Bucket="mine", Key="dear.jpg", Body=b"dear")
    operator.deploy(
        "guest", "--yes", OriginalsBucketName="mine", ExistingOriginals="true", EventMode="eventbridge",
        DerivedBucketName="guest-derived",
    )
    operator.deploy("host", "--yes", OriginalsBucketName="host-originals")
    gone = operator.destroy("guest")
    assert f"The bucket {CODE_BUCKET} stays: the code of host lies in it, too." in gone.stdout, gone.stdout
    assert s3.keys(client, "mine") == ["dear.jpg"]
    assert "guest-derived" not in inventory(aws)["buckets"]

    operator.destroy("host", "--keep-buckets", "--keep-code")
    assert {"host-originals", "host-originals-derived", CODE_BUCKET, "mine"} <= set(inventory(aws)["buckets"])
    operator.destroy("host")
    assert inventory(aws)["buckets"] == ["mine"]
    client.delete_object(Bucket="mine", Key="dear.jpg")
    client.delete_bucket(Bucket="mine")
