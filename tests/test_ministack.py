"""The zipped release `bootstrap` in a whole AWS on loopback (MiniStack): notifications, SQS, dead letters, a CDN."""

import json
import struct
import zlib

import pytest

from support import ministack, s3
from support.pictures import photograph

ROLE = f"arn:aws:iam::{ministack.ACCOUNT}:role/thumbnailer"
PATIENCE = 120


class Aws:
    """Clients of MiniStack's services."""

    def __init__(self, running):
        self.endpoint = running.endpoint
        self.s3, self.sqs, self.functions, self.logs, self.cdn = (
            running.client(service) for service in ("s3", "sqs", "lambda", "logs", "cloudfront")
        )


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with ministack.running(tmp_path_factory.mktemp("ministack")) as running:
        yield Aws(running)


@pytest.fixture(scope="module")
def package(bootstrap):
    """What is deployed: a zip of the executable."""
    return ministack.zipped({"bootstrap": bootstrap.read_bytes()})


def deploy(aws, package, name, **variables):
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
                **variables,
            }
        },
    )
    aws.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return made["FunctionArn"]


def check(aws, name, key, source):
    return s3.check_derived(aws.s3, key, source, f"{name}-derived", f"{name}-originals", seconds=PATIENCE)


@pytest.fixture(scope="module")
def notified(aws, package):
    return call_directly(aws, package, "direct")


def call_directly(aws, package, name, **variables):
    """A bucket whose notifications call the function directly."""
    arn = deploy(aws, package, name, **variables)
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

    def __init__(self, aws, package, name, receives, **variables):
        self.aws, self.name = aws, name
        arn = deploy(aws, package, name, MAX_RECEIVES=str(receives), **variables)
        self.dead = aws.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": queue_arn(aws, self.dead), "maxReceiveCount": receives}
        self.uploads = aws.sqs.create_queue(
            QueueName=f"{name}-uploads",
            Attributes={"VisibilityTimeout": "4", "RedrivePolicy": json.dumps(redrive)},
        )["QueueUrl"]
        self.mapping = aws.functions.create_event_source_mapping(
            EventSourceArn=queue_arn(aws, self.uploads),
            FunctionName=arn,
            BatchSize=5,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            Enabled=False,
        )["UUID"]
        aws.s3.put_bucket_notification_configuration(
            Bucket=f"{name}-originals",
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": queue_arn(aws, self.uploads), "Events": ["s3:ObjectCreated:*"]}]
            },
        )

    def put(self, key, body):
        self.aws.s3.put_object(Bucket=f"{self.name}-originals", Key=key, Body=body)

    def wait_for(self, messages):
        s3.wait_until(lambda: self.depth(0) == messages or None, PATIENCE, f"{messages} messages in the queue")

    def forget_test_event(self):
        """S3 sends one when notifications are set up; it would take a place in the batch."""
        self.wait_for(1)
        self.aws.sqs.purge_queue(QueueUrl=self.uploads)

    def deliver(self, messages):
        """Lets the function have what waits once there are so many `messages`, so that they come together."""
        self.wait_for(messages)
        self.aws.functions.update_event_source_mapping(UUID=self.mapping, Enabled=True)

    def depth(self, which):
        """Messages in the queue: those that wait (0), or those that are being worked on (1)."""
        name = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")[which]
        return int(self.aws.sqs.get_queue_attributes(QueueUrl=self.uploads, AttributeNames=[name])["Attributes"][name])

    def dead_letters(self):
        """The bodies of the messages in the dead-letter queue, once there are any and nothing else is under way."""

        def dead():
            return self.aws.sqs.receive_message(
                QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=1
            ).get("Messages")

        s3.wait_until(dead, PATIENCE, "something in the dead-letter queue")
        s3.wait_until(lambda: self.depth(0) + self.depth(1) == 0 or None, PATIENCE, "nothing is left in the queue")
        return [message["Body"] for message in s3.wait_until(dead, PATIENCE, "what the dead-letter queue holds")]

    def log(self):
        """The function's log so far, by lines."""
        pages = self.aws.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}")
        return [event["message"] for page in pages for event in page["events"]]


def queue_arn(aws, url):
    return aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture(scope="module")
def queued(aws, package):
    return Queued(aws, package, "queued", receives=2)


def test_a_poison_message_reaches_the_dead_letter_queue_and_its_neighbours_are_derived(aws, queued):
    sources = {f"{seed}.jpg": photograph(500, 400, seed=seed) for seed in range(43, 47)}
    poison = "this is no event, and never will be"
    for number, (key, source) in enumerate(sources.items()):
        if number == 2:
            aws.sqs.send_message(QueueUrl=queued.uploads, MessageBody=poison)
        queued.put(key, source)
    queued.deliver(6)  # S3's test event is one of them
    for key, source in sources.items():
        check(aws, queued.name, key, source)
    assert queued.dead_letters() == [poison]

    told = metrics(queued.name, queued.log())
    assert sum(line["Derived"] for line in told) == 4
    assert sum(line["Retried"] for line in told) == 2, "the poison was received twice"
    assert sum(len(line.get("EncodeMs", [])) for line in told) == 4


def metrics(name, log):
    """The lines of the log of the function `name` that CloudWatch makes metrics of."""
    told = [line for line in (json.loads(line) for line in log if line.startswith("{")) if "_aws" in line]
    for line in told:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Thumbnailer"
        assert directive["Dimensions"] == [["FunctionName"], []]
        assert all(definition["Name"] in line for definition in directive["Metrics"])
        assert line["FunctionName"] == name and line["requestId"]
        assert line["MemoryHighWater"] > 1 << 20
    return told


def vast_png():
    """1.6 gigapixels of one bit in 240 kB, which are a byte each once they are decoded: interlaced, so that they have
    to be decoded as a whole before they are made smaller."""
    side = 40_000
    passes = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)]
    rows = zlib.compressobj(9)
    lengths = [((1 + -(-(side // across) // 8)), side // down) for across, down in passes]
    packed = b"".join(rows.compress(bytes(row) * 400) for row, count in lengths for _ in range(count // 400))
    packed += b"".join(rows.compress(bytes(row) * (count % 400)) for row, count in lengths) + rows.flush()

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_picture_that_makes_the_process_abort_harms_none_of_its_batch(aws, bootstrap):
    wrapper = '#!/bin/sh\nulimit -v 1500000\nexec "$(dirname "$0")/bootstrap.real"\n'
    package = ministack.zipped({"bootstrap": wrapper, "bootstrap.real": bootstrap.read_bytes()})
    raised = {"MAX_SOURCE_BYTES": "99999999", "MAX_PIXELS": "9999999999", "MAX_DECODED_BYTES": "99999999999"}
    function = Queued(aws, package, "poisoned", receives=3, **raised)
    function.forget_test_event()
    sources = {f"{seed}.jpg": photograph(500, 400, seed=seed) for seed in range(51, 55)}
    for number, (key, source) in enumerate(sources.items()):
        if number == 2:
            function.put("vast.png", vast_png())
        function.put(key, source)
    function.deliver(5)
    for key, source in sources.items():
        check(aws, function.name, key, source)

    (dead,) = function.dead_letters()
    assert [record["s3"]["object"]["key"] for record in json.loads(dead)["Records"]] == ["vast.png"]
    told = s3.manifest(aws.s3, "vast.png", f"{function.name}-derived")
    assert told["state"] == "failed"
    assert "needs more memory than there is" in told["reason"]["message"] and told["reason"]["remedy"]

    log = function.log()
    causes = [line for line in log if "vast.png" in line and "signal 6 (SIGABRT)" in line]
    assert causes and all("needs more memory than there is" in line for line in causes), log
    assert all("memory allocation of" in line for line in causes)
    told = metrics(function.name, log)
    assert sum(line["Retried"] for line in told) == 2, "the first receive ended the process before its line"
    assert sum(line["Failed"] for line in told) == 1


def distribution(aws, name):
    """A CDN before the derived bucket of `name`; its id."""
    origin = f"{name}-derived"
    made = aws.cdn.create_distribution(
        DistributionConfig={
            "CallerReference": name,
            "Comment": name,
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": origin,
                        "DomainName": f"{origin}.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": origin,
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
    )
    return made["Distribution"]["Id"]


def test_what_is_removed_is_forgotten_by_the_cdn(aws, package):
    name, key = "forgotten", "2026/a b+ü.jpg"
    cdn = distribution(aws, name)
    call_directly(aws, package, name, DISTRIBUTION_ID=cdn)
    source = photograph(320, 200, seed=61)
    aws.s3.put_object(Bucket=f"{name}-originals", Key=key, Body=source)
    check(aws, name, key, source)
    assert aws.cdn.list_invalidations(DistributionId=cdn)["InvalidationList"]["Quantity"] == 0
    aws.s3.delete_object(Bucket=f"{name}-originals", Key=key)

    def invalidations():
        return aws.cdn.list_invalidations(DistributionId=cdn)["InvalidationList"].get("Items")

    (one,) = s3.wait_until(invalidations, PATIENCE, "an invalidation")
    told = aws.cdn.get_invalidation(DistributionId=cdn, Id=one["Id"])["Invalidation"]
    paths = ["/2026/a%20b%2B%C3%BC.jpg/*", "/2026/a%20b+%C3%BC.jpg/*"]
    assert told["InvalidationBatch"]["Paths"]["Items"] == paths
    assert s3.manifest(aws.s3, key, f"{name}-derived")["state"] == "removed"
