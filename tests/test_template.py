"""What infra/template.yaml has to say, held against what emulators ignore and AWS does not."""

import json
import re

import cfnlint.api
import pytest

from support import template
from support.template import Reduced, statements

KEY = "arn:aws:kms:us-east-1:000000000000:key/0123"
MODES = ("queue", "eventbridge", "direct")
EVERY_EVENT = {"s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"}
EXISTING = dict(ExistingOriginals="true", ExistingDerived="true", DerivedBucketName="pictures", EventMode="eventbridge")
ONE_BUCKET = dict(EXISTING, DerivedBucketName="photos", DerivedPrefix="derived/")


def bucket(name, path=""):
    return "arn:${AWS::Partition}:s3:::" + name + path


@pytest.fixture(params=MODES)
def by_mode(request):
    return Reduced(EventMode=request.param)


def test_cfn_lint_finds_nothing():
    config = cfnlint.api.ManualArgs(regions=["us-east-1", "eu-central-1"])
    found = cfnlint.api.lint(template.PATH.read_text(), config=config)
    assert not found, "\n".join(map(str, found))


def test_every_parameter_is_explained_grouped_constrained_and_used():
    told = template.load()
    interface = told["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(told["Parameters"]) == sorted(interface["ParameterLabels"])
    rest = json.dumps({part: told[part] for part in ("Rules", "Conditions", "Resources", "Outputs")})
    for name, parameter in told["Parameters"].items():
        assert parameter["Description"]
        assert set(parameter) & {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} or name == "CorsOrigins"
        assert f'"{name}"' in rest or f"${{{name}}}" in rest, f"{name} has no effect"
    without = {name for name, parameter in told["Parameters"].items() if "Default" not in parameter}
    assert without == {"OriginalsBucketName", "CodeBucket", "CodeKey"}


# ---- Who may do what ----

DERIVED = "photos-derived"
DISTRIBUTION = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
FUNCTION = {
    ("s3:GetObject", bucket("photos", "/*")),
    ("s3:ListBucket", bucket("photos")),
    ("s3:ListBucket", bucket(DERIVED)),
    ("s3:GetObject", bucket(DERIVED, "/*")),
    ("s3:PutObject", bucket(DERIVED, "/*")),
    ("s3:DeleteObjectVersion", bucket(DERIVED, "/*")),
    ("s3:ListBucketVersions", bucket(DERIVED)),
    ("s3:GetBucketVersioning", bucket(DERIVED)),
    ("cloudfront:CreateInvalidation", DISTRIBUTION),
    ("logs:CreateLogStream", "${LogGroup.Arn}"),
    ("logs:PutLogEvents", "${LogGroup.Arn}"),
}
RECEIVE = {
    (f"sqs:{action}", "${UploadsQueue.Arn}") for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
}
DEAD_LETTERS = {("sqs:SendMessage", "${DeadLetterQueue.Arn}")}
# X-Ray has no narrower resource for these.
TRACES = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
SWEEP = {("lambda:InvokeFunction", "${Live}")}
AUTHOR = {
    ("s3:PutObject", bucket("photos", "/*")),
    ("s3:GetObject", bucket("photos", "/*")),
    ("s3:DeleteObject", bucket("photos", "/*")),
    ("s3:AbortMultipartUpload", bucket("photos", "/*")),
    ("s3:ListMultipartUploadParts", bucket("photos", "/*")),
    ("s3:ListBucket", bucket("photos")),
    ("s3:ListBucketMultipartUploads", bucket("photos")),
    ("s3:GetAccelerateConfiguration", bucket("photos")),
    ("s3:GetObject", bucket(DERIVED, "/*/manifest.json")),
    ("s3:ListBucket", bucket(DERIVED)),
    ("cloudformation:DescribeStacks", "${AWS::StackId}"),
}


def granted(reduced):
    """Who may do what to what: (role or policy, action, resource). A statement that is not a plain Allow fails."""
    documents = [
        (name, policy["PolicyDocument"])
        for name, role in reduced.of_type("AWS::IAM::Role").items()
        for policy in role["Policies"]
    ]
    documents += [
        (name, policy["PolicyDocument"]) for name, policy in reduced.of_type("AWS::IAM::ManagedPolicy").items()
    ]
    for name, document in documents:
        for statement in statements(document):
            assert statement["Effect"] == "Allow" and set(statement) <= {"Sid", "Effect", "Action", "Resource"}
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    yield name, action, resource


def expected(**principals):
    return {(name, *pair) for name, pairs in principals.items() for pair in pairs}


def with_key(*actions):
    return {(f"kms:{action}", KEY) for action in actions}


@pytest.mark.parametrize(
    "parameters, function, author",
    [
        ({}, FUNCTION | RECEIVE, AUTHOR),
        ({"EventMode": "eventbridge"}, FUNCTION | RECEIVE, AUTHOR),
        ({"EventMode": "direct"}, FUNCTION | DEAD_LETTERS, AUTHOR),
        ({"Tracing": "true"}, FUNCTION | RECEIVE | TRACES, AUTHOR),
        ({"KmsKeyArn": KEY}, FUNCTION | RECEIVE | with_key("Decrypt"), AUTHOR | with_key("Decrypt", "GenerateDataKey")),
        (
            {"KmsKeyArn": KEY, "EventMode": "direct"},
            FUNCTION | DEAD_LETTERS | with_key("Decrypt", "GenerateDataKey"),
            AUTHOR | with_key("Decrypt", "GenerateDataKey"),
        ),
    ],
    ids=["queue", "eventbridge", "direct", "traced", "key", "key-direct"],
)
def test_nobody_may_do_more_or_less_than_is_listed(parameters, function, author):
    assert set(granted(Reduced(**parameters))) == expected(FunctionRole=function, AuthorPolicy=author, SweepRole=SWEEP)


def test_in_a_bucket_for_both_the_function_writes_only_under_the_prefix():
    told = {(action, resource) for name, action, resource in granted(Reduced(**ONE_BUCKET)) if name == "FunctionRole"}
    writes = {resource for action, resource in told if action in ("s3:PutObject", "s3:DeleteObjectVersion")}
    assert writes == {bucket("photos", "/derived/*")}
    assert ("s3:ListBucket", bucket("photos")) in told and ("s3:GetBucketVersioning", bucket("photos")) in told


def test_nothing_else_grants_anything():
    everything = Reduced(Tracing="true", KmsKeyArn=KEY, AlarmEmail="a@b.example", AccessLogs="true")
    kinds = {told["Type"] for told in everything.resources.values() if told["Type"].startswith("AWS::IAM::")}
    assert kinds == {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
    for role in everything.of_type("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
    assert "CreateLogGroup" not in {action for _, action, _ in granted(everything)}


def test_only_what_has_no_narrower_resource_is_granted_on_all():
    text = template.PATH.read_text()
    (before,) = re.findall(r"((?:.*\n){4}) +Resource: '\*'\n", text)
    assert "# X-Ray knows no narrower resource for these." in before
    assert not re.search(r"Resource: (\*|\['?\*)|Action: '?\*|NotAction|NotResource|NotPrincipal", text)


def test_roles_are_taken_by_their_one_service():
    roles = Reduced().of_type("AWS::IAM::Role")
    trusted = {name: statements(role["AssumeRolePolicyDocument"]) for name, role in roles.items()}
    assert {name: told[0]["Principal"] for name, told in trusted.items() if len(told) == 1} == {
        "FunctionRole": {"Service": "lambda.amazonaws.com"},
        "SweepRole": {"Service": "scheduler.amazonaws.com"},
    }
    assert set(trusted["SweepRole"][0]["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}


def resource_policies(reduced):
    """The statements that resources have of themselves, by the logical id of the policy."""
    kinds = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    return {
        name: statements(policy["PolicyDocument"]) for kind in kinds for name, policy in reduced.of_type(kind).items()
    }


def test_nothing_is_taken_unencrypted_on_the_way(by_mode):
    for name, told in resource_policies(by_mode).items():
        (deny,) = [statement for statement in told if statement["Effect"] == "Deny"]
        assert deny["Principal"] == "*" and deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, name
    policies = resource_policies(by_mode)
    for name, of in (("OriginalsBucketPolicy", "photos"), ("DerivedBucketPolicy", "${DerivedBucket}")):
        (deny,) = [statement for statement in policies[name] if statement["Effect"] == "Deny"]
        assert (deny["Action"], deny["Resource"]) == (["s3:*"], [bucket(of), bucket(of, "/*")])
    queues = {queue for policy in by_mode.of_type("AWS::SQS::QueuePolicy").values() for queue in policy["Queues"]}
    assert queues == {f"${{{name}}}" for name in by_mode.of_type("AWS::SQS::Queue")}


def test_services_are_let_in_for_this_stack_only(by_mode):
    lets = {
        (name, *statement["Principal"].items(), *statement["Action"]): statement["Condition"]
        for name, told in resource_policies(by_mode).items()
        for statement in told
        if statement["Effect"] == "Allow"
    }
    ours = {"StringEquals": {"aws:SourceArn": DISTRIBUTION}}
    cdn, topic = ("Service", "cloudfront.amazonaws.com"), ("Service", "cloudwatch.amazonaws.com")
    wanted = {
        ("DerivedBucketPolicy", cdn, "s3:GetObject"): ours,
        ("DerivedBucketPolicy", cdn, "s3:ListBucket"): ours,
        ("AlarmsPolicy", topic, "sns:Publish"): {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"},
        },
    }
    mode = by_mode.values["EventMode"]
    if mode == "queue":
        wanted["UploadsQueuePolicy", ("Service", "s3.amazonaws.com"), "sqs:SendMessage"] = {
            "ArnEquals": {"aws:SourceArn": bucket("photos")},
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
        }
    if mode == "eventbridge":
        wanted["UploadsQueuePolicy", ("Service", "events.amazonaws.com"), "sqs:SendMessage"] = {
            "ArnEquals": {"aws:SourceArn": "${UploadEvents.Arn}"}
        }
    assert lets == wanted
    permissions = by_mode.of_type("AWS::Lambda::Permission")
    assert list(permissions) == (["OriginalsMayInvoke"] if mode == "direct" else [])
    for permission in permissions.values():
        assert permission["SourceArn"] == bucket("photos")
        assert permission["SourceAccount"] == "${AWS::AccountId}"


def test_nothing_stands_in_a_circle(by_mode):
    waiting = {name: by_mode.dependencies(name) for name in by_mode.resources}
    while ready := [name for name, before in waiting.items() if not before & set(waiting)]:
        for name in ready:
            del waiting[name]
    assert not waiting


def test_a_bucket_waits_for_what_lets_it_send(by_mode):
    before = {"queue": "UploadsQueuePolicy", "direct": "OriginalsMayInvoke"}.get(by_mode.values["EventMode"])
    assert before is None or before in by_mode.dependencies("OriginalsBucket")


def test_every_reference_has_what_it_refers_to(by_mode):
    for name in by_mode.resources:
        assert by_mode.dependencies(name) <= set(by_mode.resources), name


# ---- Buckets ----


@pytest.mark.parametrize("name", ["OriginalsBucket", "DerivedBucket"])
def test_buckets_are_private_versioned_encrypted_and_kept(name):
    reduced = Reduced()
    of = reduced.properties(name)
    assert reduced.resources[name]["DeletionPolicy"] == reduced.resources[name]["UpdateReplacePolicy"] == "Retain"
    assert of["VersioningConfiguration"] == {"Status": "Enabled"}
    assert len(of["PublicAccessBlockConfiguration"]) == 4 and all(of["PublicAccessBlockConfiguration"].values())
    assert of["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert of["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    ]


def test_lifecycles_follow_their_parameters():
    reduced = Reduced(OriginalsNoncurrentDays=31, DerivedNoncurrentDays=8, AbortMultipartDays=3)
    for name, days in (("OriginalsBucket", "31"), ("DerivedBucket", "8")):
        rules = reduced.properties(name)["LifecycleConfiguration"]["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules)
        told = {part: value for rule in rules for part, value in rule.items()}
        assert told["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
        assert told["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": "3"}
        assert told["ExpiredObjectDeleteMarker"] is True
        assert not {"ExpirationInDays", "ExpirationDate"} & set(told), "what is current never expires"


def test_acceleration_and_browser_uploads_are_by_parameter():
    of = Reduced().properties("OriginalsBucket")
    assert of["AccelerateConfiguration"] == {"AccelerationStatus": "Enabled"} and "CorsConfiguration" not in of
    reduced = Reduced(TransferAcceleration="false", CorsOrigins="https://a.example,https://b.example")
    of = reduced.properties("OriginalsBucket")
    (rule,) = of["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://a.example", "https://b.example"] and "ETag" in rule["ExposedHeaders"]
    assert "AccelerateConfiguration" not in of


def test_a_key_encrypts_what_is_not_for_everybody():
    reduced = Reduced(KmsKeyArn=KEY)
    (rule,) = reduced.properties("OriginalsBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert rule["BucketKeyEnabled"] is True
    for queue in reduced.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == KEY and "SqsManagedSseEnabled" not in queue
    assert reduced.properties("LogGroup")["KmsKeyId"] == KEY
    (rule,) = reduced.properties("DerivedBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}, "readers would be refused"


# ---- Events ----


def test_every_event_is_subscribed_to():
    of = Reduced().properties("OriginalsBucket")["NotificationConfiguration"]
    assert {(told["Event"], told["Queue"]) for told in of.pop("QueueConfigurations")} == {
        (event, "${UploadsQueue.Arn}") for event in EVERY_EVENT
    }
    assert not of
    of = Reduced(EventMode="direct").properties("OriginalsBucket")["NotificationConfiguration"]
    assert {(told["Event"], told["Function"]) for told in of.pop("LambdaConfigurations")} == {
        (event, "${Live}") for event in EVERY_EVENT
    }
    assert not of
    by_bus = Reduced(EventMode="eventbridge")
    of = by_bus.properties("OriginalsBucket")["NotificationConfiguration"]
    assert of == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    rule = by_bus.properties("UploadEvents")
    assert [target["Arn"] for target in rule["Targets"]] == ["${UploadsQueue.Arn}"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "account": ["${AWS::AccountId}"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": ["photos"]}},
    }


def test_a_bucket_for_both_cannot_loop():
    reduced = Reduced(**ONE_BUCKET)
    detail = reduced.properties("UploadEvents")["EventPattern"]["detail"]
    assert detail == {
        "bucket": {"name": ["photos"]},
        "object": {"key": [{"anything-but": {"prefix": "derived/"}}]},
    }
    function = reduced.properties("Function")
    assert function["RecursiveLoop"] == "Terminate"
    assert function["Environment"]["Variables"]["DERIVED_PREFIX"] == "derived/"


@pytest.mark.parametrize("seconds", template.load()["Parameters"]["Timeout"]["AllowedValues"])
def test_what_follows_from_the_timeout(seconds):
    reduced = Reduced(Timeout=seconds)
    assert reduced.properties("Function")["Timeout"] == str(seconds)
    visibility = reduced.properties("UploadsQueue")["VisibilityTimeout"]
    assert visibility >= 6 * seconds
    assert reduced.properties("DurationAlarm")["Threshold"] == 800 * seconds
    assert reduced.properties("OldestMessageAlarm")["Threshold"] >= 2 * visibility


def test_messages_are_kept_tried_and_put_aside():
    reduced = Reduced(MaxReceiveCount=7)
    queue, dead = (reduced.properties(name) for name in ("UploadsQueue", "DeadLetterQueue"))
    assert queue["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "${DeadLetterQueue.Arn}", "maxReceiveCount": "7"}
    assert reduced.properties("Function")["Environment"]["Variables"]["MAX_RECEIVES"] == "7"
    arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + queue["QueueName"]
    assert dead["RedriveAllowPolicy"] == {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}
    assert queue["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True
    assert "alias/aws/sqs" not in json.dumps(reduced.resources)
    assert template.load()["Parameters"]["MaxReceiveCount"]["MinValue"] == 5


def test_the_mapping_feeds_the_alias_and_takes_partial_answers():
    of = Reduced(BatchSize=3, MaximumConcurrency=4).properties("QueueMapping")
    assert (of["FunctionName"], of["BatchSize"]) == ("${Live}", "3")
    assert of["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert of["ScalingConfig"] == {"MaximumConcurrency": "4"}


def test_what_fails_directly_is_put_aside():
    reduced = Reduced(EventMode="direct")
    of = reduced.properties("DirectFailures")
    assert (of["Qualifier"], of["MaximumRetryAttempts"]) == (reduced.properties("Live")["Name"], 2)
    assert of["DestinationConfig"] == {"OnFailure": {"Destination": "${DeadLetterQueue.Arn}"}}
    assert "MAX_RECEIVES" not in reduced.properties("Function")["Environment"]["Variables"]
    assert not {"UploadsQueue", "QueueMapping", "UploadEvents"} & set(reduced.resources)


# ---- The function ----


def test_the_function_is_as_its_parameters_say():
    reduced = Reduced(
        Architecture="arm64", MemorySize=3008, Timeout=300, Preset="widths = [400]", RetiredGraceDays=9, Metrics="off",
        LogLevel="debug", LogRetentionDays=90, Tracing="true", CodeBucket="zips", CodeKey="a.zip", DerivedPrefix="d/",
    )
    of = reduced.properties("Function")
    assert (of["Runtime"], of["Handler"], of["Architectures"]) == ("provided.al2023", "bootstrap", ["arm64"])
    assert (of["MemorySize"], of["Timeout"], of["TracingConfig"]) == ("3008", "300", {"Mode": "Active"})
    assert of["Code"] == {"S3Bucket": "zips", "S3Key": "a.zip"}
    assert of["Environment"]["Variables"] == {
        "ORIGINALS_BUCKET": "photos",
        "DERIVED_BUCKET": "photos-derived",
        "DERIVED_PREFIX": "d/",
        "PRESET": "widths = [400]",
        "MAX_RECEIVES": "5",
        "RETIRED_GRACE_DAYS": "9",
        "DISTRIBUTION_ID": "${Distribution}",
        "METRICS": "off",
        "RUST_LOG": "debug",
    }
    assert reduced.properties("LogGroup")["RetentionInDays"] == "90"
    assert Reduced().properties("Function")["TracingConfig"] == {"Mode": "PassThrough"}


def test_lambda_drops_no_line_of_the_log():
    logging = Reduced(LogLevel="error").properties("Function")["LoggingConfig"]
    assert logging == {
        "LogGroup": "${LogGroup}", "LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "INFO",
    }


def test_a_new_revision_is_a_new_version_of_a_function_that_differs():
    before, after = Reduced(Revision="one"), Reduced(Revision="two")
    for name in ("Function", "Version"):
        assert before.properties(name)["Description"] != after.properties(name)["Description"]
    assert before.properties("Version")["Description"] == "thumbnailer/0123abcd.zip one"
    version = before.resources["Version"]
    assert version["UpdateReplacePolicy"] == version["DeletionPolicy"] == "Retain"
    assert before.properties("Live")["FunctionVersion"] == "${Version.Version}"
    assert Reduced(LiveVersion="3").properties("Live")["FunctionVersion"] == "3"


def test_the_sweep_is_scheduled():
    of = Reduced(SweepSchedule="cron(0 3 * * ? *)").properties("Sweep")
    assert of["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert of["Target"]["Arn"] == "${Live}" and json.loads(of["Target"]["Input"]) == {"sweep": {}}


# ---- CloudFront ----


def test_the_derived_bucket_is_read_by_the_distribution_alone():
    reduced = Reduced()
    (origin,) = reduced.properties("Distribution")["DistributionConfig"]["Origins"]
    assert origin["DomainName"] == "photos-derived.s3.${AWS::Region}.${AWS::URLSuffix}"
    assert origin["OriginAccessControlId"] == "${OriginAccess}"
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""} and "OriginPath" not in origin
    control = reduced.properties("OriginAccess")["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    allowed = [one for one in resource_policies(reduced)["DerivedBucketPolicy"] if one["Effect"] == "Allow"]
    assert {(*one["Action"], *one["Resource"]) for one in allowed} == {
        # With a slash: not the sweep's bookmark.
        ("s3:GetObject", bucket("${DerivedBucket}", "/*/*")),
        # So that S3 says 404 of what is missing.
        ("s3:ListBucket", bucket("${DerivedBucket}")),
    }
    assert all("Principal" in one and one["Principal"] != "*" for one in allowed)


@pytest.mark.parametrize("prefix, path", [("derived/", "/derived"), ("a/b-c/", "/a/b-c")])
def test_a_prefix_is_the_origins_path(prefix, path):
    reduced = Reduced(DerivedPrefix=prefix)
    (origin,) = reduced.properties("Distribution")["DistributionConfig"]["Origins"]
    assert origin["OriginPath"] == path
    (read,) = [one for one in resource_policies(reduced)["DerivedBucketPolicy"] if one["Action"] == ["s3:GetObject"]]
    assert read["Resource"] == [bucket("${DerivedBucket}", f"/{prefix}*/*")]


def test_nobody_can_list_the_bucket_through_the_distribution():
    of = Reduced().properties("Distribution")["DistributionConfig"]
    assert of["DefaultRootObject"]
    for name in ("RenditionsAreImmutable", "ManifestsAreRevalidated"):
        cached_by = Reduced().properties(name)["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        assert cached_by["QueryStringsConfig"] == {"QueryStringBehavior": "none"}


def test_readers_are_answered_by_https_and_manifests_are_revalidated():
    reduced = Reduced()
    of = reduced.properties("Distribution")["DistributionConfig"]
    assert (of["HttpVersion"], of["IPV6Enabled"], of["Enabled"]) == ("http2and3", True, True)
    (manifests,) = of["CacheBehaviors"]
    behaviours = (of["DefaultCacheBehavior"], manifests)
    assert all(one["ViewerProtocolPolicy"] == "https-only" for one in behaviours)
    assert all(one["AllowedMethods"] == ["GET", "HEAD"] for one in behaviours)
    assert all(one["ResponseHeadersPolicyId"] == "${ResponseHeaders}" for one in behaviours)
    assert manifests["PathPattern"] == "*/manifest.json"
    policy = {name: told["CachePolicyConfig"] for name, told in reduced.of_type("AWS::CloudFront::CachePolicy").items()}
    told = policy[manifests["CachePolicyId"].strip("${}")]
    assert (told["MinTTL"], told["DefaultTTL"]) == (0, 0) and told["MaxTTL"] > 0
    assert policy[of["DefaultCacheBehavior"]["CachePolicyId"].strip("${}")]["MaxTTL"] == 31536000


def test_errors_are_not_remembered():
    of = Reduced().properties("Distribution")["DistributionConfig"]
    assert {one["ErrorCode"]: one for one in of["CustomErrorResponses"]} == {
        code: {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in (403, 404)
    }


def test_a_domain_of_ones_own_has_tls_1_2_at_least():
    certificate = "arn:aws:acm:us-east-1:000000000000:certificate/0123"
    reduced = Reduced(DomainName="pictures.blog.example", CertificateArn=certificate, PriceClass="PriceClass_All")
    of = reduced.properties("Distribution")["DistributionConfig"]
    assert of["Aliases"] == ["pictures.blog.example"] and of["PriceClass"] == "PriceClass_All"
    assert of["ViewerCertificate"] == {
        "AcmCertificateArn": certificate, "SslSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    assert reduced.outputs["BaseUrl"] == "https://pictures.blog.example"
    assert Reduced().properties("Distribution")["DistributionConfig"]["ViewerCertificate"] == {
        "CloudFrontDefaultCertificate": True
    }
    assert template.flat(Reduced().outputs["BaseUrl"]) == "https://${Distribution.DomainName}"


def test_responses_carry_security_and_cors_headers():
    of = Reduced(CdnCorsOrigin="https://blog.example").properties("ResponseHeaders")["ResponseHeadersPolicyConfig"]
    assert of["CorsConfig"]["AccessControlAllowOrigins"] == {"Items": ["https://blog.example"]}
    assert of["CorsConfig"]["AccessControlAllowCredentials"] is False
    assert of["SecurityHeadersConfig"]["ContentTypeOptions"] == {"Override": True}
    assert of["SecurityHeadersConfig"]["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31536000


def test_access_logs_tell_of_pictures_not_of_readers():
    reduced = Reduced(AccessLogs="true", LogRetentionDays=7)
    assert reduced.properties("AccessLogGroup")["RetentionInDays"] == "7"
    fields = reduced.properties("AccessLogDelivery")["RecordFields"]
    assert "cs-uri-stem" in fields and not {"c-ip", "cs(User-Agent)", "cs(Cookie)", "x-forwarded-for"} & set(fields)
    assert not [name for name in Reduced().resources if name.startswith("AccessLog")]


# ---- Who watches ----


def test_alarms_are_told():
    alarms = Reduced().of_type("AWS::CloudWatch::Alarm")
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms.values()} == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"), ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("Thumbnailer", "Failed"), ("Thumbnailer", "Retried"),
        ("AWS/Lambda", "Errors"), ("AWS/Lambda", "Throttles"), ("AWS/Lambda", "Duration"),
    }
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["${Alarms}"], name
        assert alarm["AlarmDescription"] and alarm["TreatMissingData"] == "notBreaching", name
    assert alarms["DeadLettersAlarm"]["Dimensions"] == [{"Name": "QueueName", "Value": "${DeadLetterQueue.QueueName}"}]
    assert "AlarmSubscription" not in Reduced().resources
    subscription = Reduced(AlarmEmail="me@blog.example").properties("AlarmSubscription")
    assert subscription == {"TopicArn": "${Alarms}", "Protocol": "email", "Endpoint": "me@blog.example"}


def test_alarms_are_only_on_what_is_measured():
    assert not {"FailedAlarm", "UnsettledAlarm"} & set(Reduced(Metrics="off").resources)
    direct = set(Reduced(EventMode="direct").resources)
    assert not {"FailedAlarm", "OldestMessageAlarm"} & direct and {"UnsettledAlarm", "DeadLettersAlarm"} <= direct


def test_the_dashboard_is_json_of_metrics_that_there_are(by_mode):
    body = json.loads(by_mode.properties("PipelineDashboard")["DashboardBody"])
    shown = {tuple(one[:2]) for widget in body["widgets"] for one in widget["properties"].get("metrics", [])}
    documented = (template.PATH.parent.parent / "docs/METRICS.md").read_text()
    names = set(re.findall(r"^\| `(\w+)` \|", documented, re.M))
    assert {name for space, name in shown if space == "Thumbnailer"} <= names
    assert "PipelineDashboard" not in Reduced(Dashboard="false").resources


# ---- Existing buckets ----


def test_existing_buckets_are_left_as_they_are():
    reduced = Reduced(**EXISTING)
    assert not reduced.violations()
    assert not [told for told in reduced.resources.values() if told["Type"].startswith("AWS::S3::")]
    (origin,) = reduced.properties("Distribution")["DistributionConfig"]["Origins"]
    assert origin["DomainName"].startswith("pictures.s3.")
    to_add = json.loads(template.flat(reduced.outputs["DerivedBucketPolicyToAdd"]))
    assert (to_add["Principal"], to_add["Action"]) == (
        {"Service": "cloudfront.amazonaws.com"}, ["s3:GetObject", "s3:ListBucket"],
    )
    assert to_add["Resource"] == [bucket("pictures"), bucket("pictures", "/*/*")]
    assert "TransferAcceleration" not in reduced.outputs


# ---- Outputs ----


def test_outputs_are_what_the_uploader_reads(by_mode):
    told = template.flat(by_mode.outputs)
    assert (told["OriginalsBucket"], told["DerivedBucket"]) == ("photos", "photos-derived")
    assert (told["Region"], told["TransferAcceleration"]) == ("${AWS::Region}", "true")
    assert set(told) >= {
        "BaseUrl", "FunctionName", "FunctionAlias", "LogGroup", "DeadLetterQueueUrl", "DistributionId", "AlarmTopic",
        "DashboardUrl", "AuthorPolicyArn",
    }
    assert ("QueueUrl" in told) == (by_mode.values["EventMode"] != "direct")
    assert Reduced(TransferAcceleration="false").outputs["TransferAcceleration"] == "false"
    assert "DerivedPrefix" not in told
    assert Reduced(DerivedPrefix="d/").outputs["DerivedPrefix"] == "d/"


def test_what_costs_is_tagged(by_mode):
    kinds = ("S3::Bucket", "SQS::Queue", "Lambda::Function", "Logs::LogGroup", "CloudFront::Distribution", "SNS::Topic")
    for kind in kinds:
        for name, of in by_mode.of_type(f"AWS::{kind}").items():
            assert {"Key": "thumbnailer", "Value": "${AWS::StackName}"} in of["Tags"], name
