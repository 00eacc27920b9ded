"""The zipped release `bootstrap` in a whole AWS on loopback (MiniStack): bucket notifications, SQS, dead letters."""

import io
import json
import zipfile

import pytest

from support import process, s3
from support.pictures import photograph

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/thumbnailer"
PATIENCE = 120


class Aws:
    """MiniStack, running, and clients of its services."""

    def __init__(self, port):
        self.endpoint = f"http://127.0.0.1:{port}"
        self.s3, self.sqs, self.functions, self.iam = (
            s3.client(service, self.endpoint, "test", "test") for service in ("s3", "sqs", "lambda", "iam")
        )


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    home = tmp_path_factory.mktemp("ministack")
    port = process.free_port()
    for folder in ("tmp", "s3"):
        (home / folder).mkdir()
    environment = {
        "BIND_HOST": "127.0.0.1",  # it binds every address unless told
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "TMPDIR": str(home / "tmp"),
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "LAMBDA_EXECUTOR": "local",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with process.running("ministack", ["ministack"], home / "ministack.log", env=environment, cwd=home) as server:
        server.wait_for_port(port, seconds=90)
        yield Aws(port)


@pytest.fixture(scope="module")
def package(bootstrap):
    """What is deployed: a zip of the executable."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(entry, bootstrap.read_bytes(), compresslevel=1)
    return zipped.getvalue()


def deploy(aws, package, name):
    """A function `name` between the buckets `name`-originals and `name`-derived; its ARN."""
    for part in ("originals", "derived"):
        aws.s3.create_bucket(Bucket=f"{name}-{part}")
    aws.s3.put_bucket_versioning(Bucket=f"{name}-derived", VersioningConfiguration={"Status": "Enabled"})
    made = aws.functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=ROLE,
        Code={"ZipFile": package},
        MemorySize=1024,
        Timeout=60,
        Environment={
            "Variables": {
                "ORIGINALS_BUCKET": f"{name}-originals",
                "DERIVED_BUCKET": f"{name}-derived",
                # In AWS there is none; here it is the way back to MiniStack.
                "AWS_ENDPOINT_URL": aws.endpoint,
            }
        },
    )
    aws.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return made["FunctionArn"]


def check(aws, name, key, source):
    return s3.check_derived(aws.s3, key, source, f"{name}-derived", f"{name}-originals", seconds=PATIENCE)


@pytest.fixture(scope="module")
def notified(aws, package):
    """A bucket whose notifications call the function directly."""
    name = "direct"
    arn = deploy(aws, package, name)
    aws.functions.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}-originals",
    )
    aws.s3.put_bucket_notification_configuration(
        Bucket=f"{name}-originals",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
            ]
        },
    )
    return name


def test_a_bucket_notification_derives(aws, notified, photo):
    aws.s3.put_object(Bucket=f"{notified}-originals", Key="a b+ü.jpg", Body=photo.read_bytes())
    check(aws, notified, "a b+ü.jpg", photo.read_bytes())


def test_a_multipart_upload_derives(aws, notified):
    source = photograph(2600, 2000, seed=41, quality=96, noise=24)
    assert len(source) > 6 << 20
    of = dict(Bucket=f"{notified}-originals", Key="parts.jpg")
    upload = aws.s3.create_multipart_upload(**of)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(source), 5 << 20), start=1):
        body = source[start : start + (5 << 20)]
        part = aws.s3.upload_part(**of, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    aws.s3.complete_multipart_upload(**of, UploadId=upload, MultipartUpload={"Parts": parts})
    check(aws, notified, "parts.jpg", source)


def test_a_removal_is_recorded(aws, notified):
    source = photograph(320, 200, seed=42)
    aws.s3.put_object(Bucket=f"{notified}-originals", Key="gone.jpg", Body=source)
    check(aws, notified, "gone.jpg", source)
    aws.s3.delete_object(Bucket=f"{notified}-originals", Key="gone.jpg")
    bucket = f"{notified}-derived"
    s3.wait_until(
        lambda: s3.manifest(aws.s3, "gone.jpg", bucket)["state"] == "removed" or None, PATIENCE, "the state removed"
    )


class Queued:
    """A bucket whose notifications go to a queue that feeds the function, with a dead-letter queue behind it."""

    name = "queued"

    def __init__(self, aws, package):
        arn = deploy(aws, package, self.name)
        self.dead = aws.sqs.create_queue(QueueName="uploads-dead")["QueueUrl"]
        self.uploads = aws.sqs.create_queue(
            QueueName="uploads",
            Attributes={
                "VisibilityTimeout": "2",
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": queue_arn(aws, self.dead), "maxReceiveCount": 2}),
            },
        )["QueueUrl"]
        aws.functions.create_event_source_mapping(
            EventSourceArn=queue_arn(aws, self.uploads),
            FunctionName=arn,
            BatchSize=5,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )


def queue_arn(aws, url):
    return aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture(scope="module")
def queued(aws, package):
    queued = Queued(aws, package)
    aws.s3.put_bucket_notification_configuration(
        Bucket=f"{queued.name}-originals",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": queue_arn(aws, queued.uploads), "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return queued


def test_a_poison_message_reaches_the_dead_letter_queue_and_its_neighbours_are_derived(aws, queued):
    sources = {f"{seed}.jpg": photograph(500, 400, seed=seed) for seed in range(43, 47)}
    poison = "this is no event, and never will be"
    for number, (key, source) in enumerate(sources.items()):
        if number == 2:
            aws.sqs.send_message(QueueUrl=queued.uploads, MessageBody=poison)
        aws.s3.put_object(Bucket=f"{queued.name}-originals", Key=key, Body=source)
    for key, source in sources.items():
        check(aws, queued.name, key, source)

    def dead():
        return aws.sqs.receive_message(QueueUrl=queued.dead, WaitTimeSeconds=1).get("Messages")

    assert [message["Body"] for message in s3.wait_until(dead, PATIENCE, "the poison in the dead-letter queue")] == [poison]
    depth = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def left():
        told = aws.sqs.get_queue_attributes(QueueUrl=queued.uploads, AttributeNames=list(depth))["Attributes"]
        return True if all(told[name] == "0" for name in depth) else None

    s3.wait_until(left, PATIENCE, "nothing is left in the queue")
