"""The release `bootstrap` behind a real Runtime API (cargo-lambda's), its S3 being that of `thumbnailer up`."""

import json
import urllib.error
import urllib.request

import pytest

from conftest import ROOT
from support import process, s3
from support.pictures import photograph

FUNCTION = "_"  # how cargo-lambda calls a function that it did not start


class Lambda:
    """A function that can be invoked as Lambda's API has it."""

    def __init__(self, port, function):
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/{FUNCTION}/invocations"
        self.client = s3.client("lambda", f"http://127.0.0.1:{port}")
        self.function = function

    def invoke(self, payload):
        """(whether it went well, what it answered)."""
        request = urllib.request.Request(self.url, json.dumps(payload).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = json.loads(answer.read())
                return "errorMessage" not in (body or {}), body
        except urllib.error.HTTPError as error:
            return False, json.loads(error.read())


@pytest.fixture(scope="module")
def buckets(up):
    """Buckets of `up`'s of which its own pipeline knows nothing, so that only `bootstrap` derives."""
    for name in ("rt-originals", "rt-derived"):
        up.s3.create_bucket(Bucket=name)


@pytest.fixture(scope="module")
def function(up, buckets, bootstrap, tmp_path_factory):
    home = tmp_path_factory.mktemp("runtime-api")
    port = process.free_port()
    api = ["cargo-lambda", "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", port]
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
        "AWS_ENDPOINT_URL": up.endpoint,
        "ORIGINALS_BUCKET": "rt-originals",
        "DERIVED_BUCKET": "rt-derived",
    }
    with process.running("cargo lambda watch", api, home / "runtime-api.log", cwd=ROOT) as server:
        server.wait_for_port(port)
        environment["AWS_LAMBDA_RUNTIME_API"] = f"http://127.0.0.1:{port}/.rt"
        with process.running("bootstrap", [bootstrap], home / "bootstrap.log", env=environment) as running:
            yield Lambda(port, running)


def s3_event(key, etag, size, sequencer, bucket="rt-originals", name="ObjectCreated:Put"):
    """As S3 sends it (event message structure 2.1); `key` form-encoded by the caller."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-01-31T12:00:00.000Z",
                "eventName": name,
                "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "thumbnails",
                    "bucket": {
                        "name": bucket,
                        "ownerIdentity": {"principalId": "EXAMPLE"},
                        "arn": f"arn:aws:s3:::{bucket}",
                    },
                    "object": {"key": key, "size": size, "eTag": etag, "sequencer": sequencer},
                },
            }
        ]
    }


def sqs_event(bodies):
    """As Lambda's event source for SQS sends it."""
    return {
        "Records": [
            {
                "messageId": name,
                "receiptHandle": f"receipt-{name}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1769860800000",
                    "SenderId": "AIDAEXAMPLE",
                    "ApproximateFirstReceiveTimestamp": "1769860800001",
                },
                "messageAttributes": {},
                "md5OfBody": "00000000000000000000000000000000",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads",
                "awsRegion": "us-east-1",
            }
            for name, body in bodies.items()
        ]
    }


def put(up, key, source):
    return up.s3.put_object(Bucket="rt-originals", Key=key, Body=source)["ETag"].strip('"')


def test_a_notification_of_s3s_is_derived(up, function):
    source = photograph(900, 600, seed=21)
    etag = put(up, "a b+ü.jpg", source)
    well, answer = function.invoke(s3_event("a+b%2B%C3%BC.jpg", etag, len(source), "0055AED6DCD90281E5"))
    assert well, answer
    # The invocation is over, so the manifest must be there.
    s3.check_derived(up.s3, "a b+ü.jpg", source, "rt-derived", "rt-originals", seconds=1)


def test_boto3_invokes_it_too(up, function):
    source = photograph(300, 200, seed=22)
    etag = put(up, "boto3.jpg", source)
    payload = json.dumps(s3_event("boto3.jpg", etag, len(source), "0055AED6DCD90281E6"))
    answer = function.client.invoke(FunctionName=FUNCTION, Payload=payload)
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    s3.check_derived(up.s3, "boto3.jpg", source, "rt-derived", "rt-originals", seconds=1)


def test_a_batch_answers_which_messages_failed(up, function):
    sources = {name: photograph(320, 240, seed=seed) for seed, name in enumerate(("one.jpg", "two.jpg"), start=23)}
    bodies = {}
    for number, (name, source) in enumerate(sources.items()):
        event = s3_event(name, put(up, name, source), len(source), f"0055AED6DCD90281{number:02X}")
        bodies[name] = json.dumps(event)
        bodies[f"poison-{number}"] = "this is no event"
    bodies["test"] = json.dumps(
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "rt-originals", "Time": "2026-01-31T12:00:00.000Z"}
    )
    well, answer = function.invoke(sqs_event(bodies))
    assert well, answer
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    assert failed == {"poison-0", "poison-1"}
    for name, source in sources.items():
        s3.check_derived(up.s3, name, source, "rt-derived", "rt-originals", seconds=1)


def test_a_superseded_event_is_success_and_writes_nothing(up, function):
    source = photograph(300, 200, seed=25)
    put(up, "superseded.jpg", source)
    event = s3_event("superseded.jpg", "00000000000000000000000000000000", len(source), "0055AED6DCD90281F0")
    well, answer = function.invoke(event)
    assert well, answer
    assert s3.keys(up.s3, "rt-derived", "superseded.jpg/") == []


def test_a_rejected_picture_is_success_and_recorded(up, function):
    etag = put(up, "text.jpg", b"no picture")
    well, answer = function.invoke(s3_event("text.jpg", etag, 10, "0055AED6DCD90281F1"))
    assert well, answer
    assert s3.manifest(up.s3, "text.jpg", "rt-derived")["state"] == "rejected"


def test_what_cannot_be_parsed_or_fetched_is_the_invocations_error(function):
    well, answer = function.invoke({"hello": "world"})
    assert not well and answer["errorMessage"], answer
    event = s3_event("x.jpg", "00000000000000000000000000000000", 1, "00", bucket="not-our-bucket")
    well, answer = function.invoke(event)
    assert not well and "not-our-bucket" in answer["errorMessage"], answer


def test_its_log_is_json_with_the_request_the_key_and_the_stages(up, function):
    source = photograph(300, 200, seed=26)
    etag = put(up, "logged.jpg", source)
    well, answer = function.invoke(s3_event("logged.jpg", etag, len(source), "0055AED6DCD90281F2"))
    assert well, answer
    entries = s3.wait_until(
        lambda: [line for line in function.function.text().splitlines() if "logged.jpg" in line] or None, 10, "a log line"
    )
    entry = json.loads(entries[-1])
    text = json.dumps(entry)
    for word in ("requestId", "fetch", "decode", "resize", "encode", "put", "commit"):
        assert word in text, (word, entry)


@pytest.mark.parametrize(
    "environment, words",
    [
        ({}, ["DERIVED_BUCKET"]),
        ({"DERIVED_BUCKET": "same", "ORIGINALS_BUCKET": "same"}, ["ORIGINALS_BUCKET", "same"]),
        ({"DERIVED_BUCKET": "derived", "MAX_PIXELS": "lots"}, ["MAX_PIXELS", "lots"]),
        ({"DERIVED_BUCKET": "derived", "PRESET": "widths = 'all'"}, ["PRESET", "widths"]),
        ({"DERIVED_BUCKET": "NOT_A_BUCKET"}, ["DERIVED_BUCKET", "NOT_A_BUCKET"]),
    ],
)
def test_bad_configuration_ends_it_in_words(bootstrap, environment, words):
    environment = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", **environment}
    done = process.run([bootstrap], seconds=20, env=environment, check=False)
    assert done.returncode == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert "panicked" not in done.stderr


def test_outside_of_lambda_it_says_so(bootstrap):
    done = process.run([bootstrap], seconds=20, check=False)
    assert done.returncode == 1
    assert "Lambda" in done.stderr and "panicked" not in done.stderr
