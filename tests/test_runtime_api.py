"""The release `bootstrap` behind a real Runtime API (cargo-lambda's), its S3 being that of `thumbnailer up`."""

import itertools
import json
import urllib.error
import urllib.request

import pytest

from conftest import ROOT
from support import events, process, s3
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
    up.s3.put_bucket_versioning(Bucket="rt-derived", VersioningConfiguration={"Status": "Enabled"})


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


def s3_event(key, etag, size, sequencer, bucket="rt-originals"):
    """As S3 sends it."""
    return events.fill("s3", bucket, key, etag, size, sequencer)


def sqs_event(bodies):
    """As Lambda's event source for SQS sends it: a message a body, by id."""
    batch = events.fill("sqs-s3", "rt-originals", "")
    message = batch["Records"][0]
    batch["Records"] = [message | {"messageId": name, "body": body} for name, body in bodies.items()]
    return batch


def put(up, key, source):
    return up.s3.put_object(Bucket="rt-originals", Key=key, Body=source)["ETag"].strip('"')


def test_a_notification_of_s3s_is_derived(up, function):
    source = photograph(900, 600, seed=21)
    etag = put(up, "a b+ü.jpg", source)
    well, answer = function.invoke(s3_event("a b+ü.jpg", etag, len(source), "0055AED6DCD90281E5"))
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
    bodies["test"] = json.dumps(events.fill("s3-test", "rt-originals", ""))
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


# What each document asks for, by the file's name in fixtures/events.
CREATIONS = (
    "s3", "sns", "sns-eventbridge", "sqs-s3", "sqs-sns-s3", "sqs-sns-eventbridge", "sqs-sns-raw", "sqs-eventbridge",
    "eventbridge", "batch-1", "batch-2",
)
REMOVALS = ("s3-removed", "s3-expired", "eventbridge-deleted", "eventbridge-expired")
NO_WORK = ("s3-test", "s3-restored", "sqs-test", "sqs-sns-test", "eventbridge-restored")
SWEEPS = ("schedule", "sweep")


def test_no_document_is_left_out():
    assert sorted(CREATIONS + REMOVALS + NO_WORK + SWEEPS) == events.NAMES


# Each later than the one before.
SEQUENCERS = (f"{number:018X}" for number in itertools.count(1))


def good_answer(name, payload):
    """How the envelope of the document `name` wants to hear that all is well."""
    if name.startswith("sqs"):
        return {"batchItemFailures": []}
    if name.startswith("batch"):
        return {
            "invocationSchemaVersion": payload["invocationSchemaVersion"],
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": payload["invocationId"],
            "results": [{"taskId": payload["tasks"][-1]["taskId"], "resultCode": "Succeeded", "resultString": "derived"}],
        }
    return None


@pytest.mark.parametrize("key", ["a+b c.jpg", "a+b%20c.jpg"])
@pytest.mark.parametrize("name", CREATIONS)
def test_each_envelope_derives_the_key_that_it_means(up, function, name, key):
    # Decoded once too often or too seldom, the key names nothing that is there, and nothing is derived.
    key = f"{name}/{key}"
    source = photograph(120, 90, seed=CREATIONS.index(name) * 2 + ("%" in key) + 100)
    etag = put(up, key, source)
    payload = events.fill(name, "rt-originals", key, etag, len(source), next(SEQUENCERS))
    well, answer = function.invoke(payload)
    assert well, answer
    assert answer == good_answer(name, payload)
    s3.check_derived(up.s3, key, source, "rt-derived", "rt-originals", seconds=1)


@pytest.mark.parametrize("name", REMOVALS)
def test_a_removal_is_recorded_once_the_source_is_gone(up, function, name):
    key = f"{name}/removed.jpg"
    source = photograph(120, 90, seed=150)
    etag = put(up, key, source)
    well, answer = function.invoke(s3_event(key, etag, len(source), next(SEQUENCERS)))
    assert well, answer
    s3.check_derived(up.s3, key, source, "rt-derived", "rt-originals", seconds=1)

    # A hint about something that is still there takes no page down.
    well, answer = function.invoke(events.fill(name, "rt-originals", key, etag, sequencer=next(SEQUENCERS)))
    assert (well, answer) == (True, None)
    assert s3.manifest(up.s3, key, "rt-derived")["state"] == "derived"

    up.s3.delete_object(Bucket="rt-originals", Key=key)
    well, answer = function.invoke(events.fill(name, "rt-originals", key, etag, sequencer=next(SEQUENCERS)))
    assert (well, answer) == (True, None)
    assert s3.manifest(up.s3, key, "rt-derived")["state"] == "removed"


@pytest.mark.parametrize("name", NO_WORK)
def test_what_asks_for_no_work_is_acknowledged(up, function, name):
    payload = events.fill(name, "rt-originals", f"{name}/idle.jpg", "0" * 32, 1, next(SEQUENCERS))
    well, answer = function.invoke(payload)
    assert well, answer
    assert answer == good_answer(name, payload)
    assert s3.keys(up.s3, "rt-derived", f"{name}/") == []


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_goes_well(function, name):
    well, answer = function.invoke(events.fill(name, "rt-originals", ""))
    assert well, answer
    assert (answer["deleted"], answer["unreadable"], answer["next"]) == (0, [], None)


@pytest.mark.parametrize("name", [name for name in CREATIONS if not name.startswith("eventbridge")])
def test_a_bad_record_fails_alone(up, function, name):
    key = f"{name}/neighbour.jpg"
    source = photograph(120, 90, seed=CREATIONS.index(name) + 200)
    etag = put(up, key, source)
    payload = events.fill(name, "rt-originals", key, etag, len(source), next(SEQUENCERS))
    records = payload["tasks" if name.startswith("batch") else "Records"]

    if name.startswith("sqs"):
        elsewhere = events.fill(name, "not-our-bucket", key, etag, len(source), next(SEQUENCERS))
        records.insert(0, elsewhere["Records"][0] | {"messageId": "poison"})
        well, answer = function.invoke(payload)
        assert (well, answer) == (True, {"batchItemFailures": [{"itemIdentifier": "poison"}]})
    elif name.startswith("batch"):
        records.insert(0, records[0] | {"taskId": "poison", "s3Key": "100%"})
        well, answer = function.invoke(payload)
        assert well, answer
        failed, done = answer["results"]
        assert (failed["taskId"], failed["resultCode"]) == ("poison", "PermanentFailure")
        assert "100%" in failed["resultString"]
        assert [done] == good_answer(name, payload)["results"]
    else:
        records.insert(0, {"eventSource": "aws:kinesis"})
        well, answer = function.invoke(payload)
        assert not well and "1 of 2" in answer["errorMessage"] and "aws:kinesis" in answer["errorMessage"], answer
    s3.check_derived(up.s3, key, source, "rt-derived", "rt-originals", seconds=1)


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
