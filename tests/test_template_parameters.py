"""The template by its parameters: each set linted as what it comes to, and deployed where the emulator can."""

import json

import cfnlint.api
import pytest

from support import ministack, s3, template
from support.template import Reduced

KEY = "arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/01234567-89ab-cdef-0123-456789abcdef"
EXISTING = {"ExistingOriginals": "true", "EventMode": "eventbridge"}
SETS = {
    "defaults": {},
    "eventbridge": {"EventMode": "eventbridge"},
    "direct": {"EventMode": "direct", "KmsKeyArn": KEY},
    "keyed": {"KmsKeyArn": KEY, "AlarmEmail": "me@blog.example"},
    "arm-traced": {"Architecture": "arm64", "Tracing": "true", "Timeout": 900, "LogLevel": "debug", "MemorySize": 512},
    "quiet": {"Metrics": "off", "Dashboard": "false", "TransferAcceleration": "false", "LogRetentionDays": 1},
    "browsers": {"CorsOrigins": "https://a.example,https://b.example", "CdnCorsOrigin": "https://blog.example"},
    "domain": {"DomainName": "p.blog.example", "CertificateArn": CERTIFICATE, "PriceClass": "PriceClass_All"},
    "prefixed": {"DerivedPrefix": "a/b/", "DerivedBucketName": "pictures", "Preset": "widths = [400, 800]"},
    "existing-originals": EXISTING,
    "existing-derived": {"ExistingDerived": "true", "DerivedBucketName": "pictures"},
    "one-bucket": {**EXISTING, "ExistingDerived": "true", "DerivedBucketName": "photos", "DerivedPrefix": "derived/"},
    "access-logs": {"AccessLogs": "true", "PriceClass": "PriceClass_200"},
    "batches": {"BatchSize": 10, "MaximumConcurrency": 2, "MaxReceiveCount": 9, "SweepSchedule": "cron(0 3 * * ? *)"},
    "pinned": {"LiveVersion": "1", "Revision": "two", "Timeout": 30, "LogLevel": "error"},
}
# Their resource types are none of MiniStack's.
NOT_IN_MINISTACK = {"access-logs"}
WRONG = {
    "existing originals that nobody can notify of": (
        {"ExistingOriginals": "true"}, "set EventMode to eventbridge",
    ),
    "CORS of a bucket that is not ours": (
        {**EXISTING, "CorsOrigins": "https://blog.example"}, "CorsOrigins is of no effect",
    ),
    "an existing bucket without a name": ({"ExistingDerived": "true"}, "DerivedBucketName has to name the bucket"),
    "one bucket without a prefix": (
        {**EXISTING, "ExistingDerived": "true", "DerivedBucketName": "photos"}, "DerivedPrefix has to tell them apart",
    ),
    "one bucket that is made": (
        {"DerivedBucketName": "photos", "DerivedPrefix": "derived/"}, "only a bucket that exists already",
    ),
    "a domain without a certificate": ({"DomainName": "p.blog.example"}, "DomainName needs CertificateArn"),
    "a certificate without a domain": ({"CertificateArn": CERTIFICATE}, "of no effect without DomainName"),
}
REFUSED = {
    "OriginalsBucketName": ["Photos", "my.photos", "ab", "-photos", "photos-"],
    "DerivedPrefix": ["derived", "/derived/", "a//b/", "a b/"],
    "Timeout": ["45", "0"],
    "MaximumConcurrency": ["1"],
    "MaxReceiveCount": ["4"],
    "BatchSize": ["11"],
    "LogRetentionDays": ["31"],
    "EventMode": ["sns"],
    "Metrics": ["true"],
    "KmsKeyArn": ["alias/aws/sqs", "arn:aws:kms:us-east-1:000000000000:alias/mine"],
    "CertificateArn": ["arn:aws:acm:eu-central-1:000000000000:certificate/0123"],
    "CdnCorsOrigin": ["", "blog.example", "https://a.example,https://b.example"],
    "LiveVersion": ["$LATEST", "0"],
    "AlarmEmail": ["me"],
    "SweepSchedule": ["daily"],
}


def test_every_choice_comes_at_least_once():
    declared = template.load()["Parameters"]
    for name, told in declared.items():
        taken = {str(chosen.get(name, told.get("Default"))) for chosen in SETS.values()}
        if name not in ("Timeout", "LogRetentionDays", "LogLevel"):
            assert {str(value) for value in told.get("AllowedValues", [])} <= taken, name
    conditions = template.load()["Conditions"]
    for condition in conditions:
        assert {Reduced(**chosen).holds(condition) for chosen in SETS.values()} == {True, False}, condition


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_a_valid_template(name):
    reduced = Reduced(**SETS[name])
    assert not reduced.violations()
    config = cfnlint.api.ManualArgs(regions=["us-east-1"])
    found = cfnlint.api.lint(json.dumps(reduced.document()), config=config)
    assert not found, "\n".join(map(str, found))
    for resource in reduced.resources:
        assert reduced.dependencies(resource) <= set(reduced.resources), resource


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together_is_said(name):
    chosen, words = WRONG[name]
    assert any(words in said for said in Reduced(**chosen).violations())


def test_access_logs_are_for_us_east_1():
    (said,) = Reduced(region="eu-central-1", AccessLogs="true").violations()
    assert "us-east-1 only" in said


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with ministack.running(tmp_path_factory.mktemp("ministack")) as aws:
        zipped = ministack.zipped({"bootstrap": b"#!/bin/sh\nexit 1\n"})
        for bucket in ("code", "photos", "pictures"):
            aws.client("s3").create_bucket(Bucket=bucket)
        aws.client("s3").put_object(Bucket="code", Key=template.REQUIRED["CodeKey"], Body=zipped)
        # Too long to be sent with the request.
        aws.client("s3").put_object(Bucket="code", Key="template.yaml", Body=template.PATH.read_bytes())
        yield aws


def create(aws, stack, **chosen):
    parameters = {**template.REQUIRED, **chosen}
    return aws.client("cloudformation").create_stack(
        StackName=stack,
        TemplateURL=f"{aws.endpoint}/code/template.yaml",
        Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )


def deploy(aws, stack, **chosen):
    """The outputs of a stack that is made without a fault."""
    create(aws, stack, **chosen)
    cloudformation = aws.client("cloudformation")

    def settled():
        (told,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        return None if told["StackStatus"].endswith("IN_PROGRESS") else told

    told = s3.wait_until(settled, 60, f"{stack} is made")
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"].endswith("FAILED")]
    assert told["StackStatus"] == "CREATE_COMPLETE", failed
    return {one["OutputKey"]: one["OutputValue"] for one in told["Outputs"]}


@pytest.mark.parametrize("name", sorted(set(SETS) - NOT_IN_MINISTACK))
def test_each_set_can_be_deployed(aws, name):
    stack, chosen = f"blog-{name}", dict(SETS[name])
    # Buckets that exist are there; those to be made are the stack's own.
    if "ExistingOriginals" not in chosen:
        chosen["OriginalsBucketName"] = stack
    if "DerivedBucketName" in chosen and "ExistingDerived" not in chosen:
        chosen["DerivedBucketName"] = f"{stack}-pictures"
    outputs = deploy(aws, stack, **chosen)

    cloudformation = aws.client("cloudformation")
    reduced = Reduced(**chosen)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    made = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}
    assert {name: one["ResourceType"] for name, one in made.items()} == {
        name: one["Type"] for name, one in reduced.resources.items()
    }
    assert set(outputs) == set(reduced.outputs)
    assert outputs["OriginalsBucket"] == chosen.get("OriginalsBucketName", "photos")
    function = aws.client("lambda").get_function_configuration(FunctionName=outputs["FunctionAlias"])
    assert function["Version"] == outputs["FunctionVersion"] == "1"
    variables = reduced.properties("Function")["Environment"]["Variables"]
    assert function["Environment"]["Variables"] == {**variables, "DISTRIBUTION_ID": outputs["DistributionId"]}
    cloudformation.delete_stack(StackName=stack)


def test_in_a_bucket_for_both_what_is_derived_is_no_event(aws):
    on = {"EventBridgeConfiguration": {}}
    aws.client("s3").put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=on)
    queue = deploy(aws, "both", **SETS["one-bucket"])["QueueUrl"]
    functions, messages = aws.client("lambda"), aws.client("sqs")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    # In this order, so that what should not be there has had its time.
    keys = ["derived/harbour.jpg/manifest.json", "derived/harbour.jpg/0123/320-4567.webp", "harbour.jpg"]
    for key in keys:
        aws.client("s3").put_object(Bucket="photos", Key=key, Body=b"x")
    told = []

    def arrived():
        answer = messages.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        told.extend(json.loads(one["Body"])["detail"]["object"]["key"] for one in answer.get("Messages", []))
        return "harbour.jpg" in told or None

    s3.wait_until(arrived, 30, "the original's event")
    assert told == ["harbour.jpg"]


@pytest.mark.parametrize("name", WRONG)
def test_cloudformation_refuses_what_does_not_go_together(aws, name):
    chosen, words = WRONG[name]
    with pytest.raises(aws.client("cloudformation").exceptions.ClientError) as refused:
        create(aws, "wrong", **chosen)
    assert words in str(refused.value)


@pytest.mark.parametrize("parameter, value", [(name, value) for name, values in REFUSED.items() for value in values])
def test_cloudformation_refuses_what_no_parameter_may_be(aws, parameter, value):
    with pytest.raises(aws.client("cloudformation").exceptions.ClientError) as refused:
        create(aws, "wrong", **{parameter: value})
    assert parameter in str(refused.value)
