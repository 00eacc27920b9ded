use super::*;

#[test]
fn each_task_is_a_message_and_its_present_object_the_work() {
    let task = json!({ "taskId": "t", "s3Key": "a+b", "s3VersionId": "v.1", "s3BucketArn": "arn:aws:s3:::originals" });
    let delivery = parse(&invocation(&[task])).unwrap();
    assert_eq!(delivery.envelope, Envelope::Batch { schema: "1.0".into(), invocation_id: "i".into() });
    let event = ObjectEvent {
        change: Change::Created,
        bucket: "originals".into(),
        key: "a b".into(),
        etag: None,
        sequencer: None,
        version_id: Some("v.1".into()),
        size: None,
    };
    let message = Message { id: "t".into(), receive_count: 1, events: vec![Ok(event)] };
    assert_eq!(delivery.messages, [message]);
}

#[test]
fn buckets_are_named_in_either_schema_s_way() {
    for (task, bucket) in [
        (json!({ "s3Bucket": "originals" }), Some("originals")),
        (json!({ "s3BucketArn": "arn:aws-cn:s3:::originals" }), Some("originals")),
        (json!({ "s3BucketArn": "arn:aws:s3:us-east-1:111122223333:originals" }), Some("originals")),
        (json!({ "s3BucketArn": "arn:aws:s3:us-east-1:111122223333:accesspoint/a" }), None),
        (json!({ "s3BucketArn": "arn:aws:s3:::" }), None),
        (json!({ "s3BucketArn": "originals" }), None),
        (json!({ "s3BucketArn": "" }), None),
        (json!({}), None),
    ] {
        let mut whole = json!({ "taskId": "t", "s3Key": "a", "s3VersionId": null });
        whole.as_object_mut().unwrap().extend(task.as_object().unwrap().clone());
        let event = only(&invocation(&[whole]));
        assert_eq!(event.as_ref().ok().map(|event| event.bucket.as_str()), bucket, "{task}: {event:?}");
        if let Ok(event) = event {
            assert_eq!(event.version_id, None);
        }
    }
}

#[test]
fn a_bad_task_does_not_harm_its_neighbours() {
    let task = |id: &str, key: &str| json!({ "taskId": id, "s3Key": key, "s3Bucket": "originals" });
    let tasks = [
        task("t0", "a"),
        task("t1", "%"),
        json!(null),
        task("", "b"),
        json!({ "taskId": "t4" }),
        task("t5", "c"),
    ];
    let delivery = parse(&invocation(&tasks)).unwrap();
    let read: Vec<_> = delivery.messages.iter().map(|m| (m.id.as_str(), m.events[0].is_ok())).collect();
    assert_eq!(read, [("t0", true), ("t1", false), ("", false), ("", false), ("t4", false), ("t5", true)]);
    assert!(matches!(delivery.messages[1].events[..], [Err(EventError::Key { .. })]));
}

#[test]
fn schemas_are_known_by_their_major_version() {
    for (version, known) in [("1.0", true), ("2.0", true), ("2.1", true), ("3.0", false), ("", false)] {
        let mut payload = invocation(&[]);
        payload["invocationSchemaVersion"] = json!(version);
        let envelope = parse(&payload).map(|delivery| delivery.envelope);
        assert_eq!(envelope.is_ok(), known, "{version}: {envelope:?}");
        if let Ok(envelope) = envelope {
            assert_eq!(envelope, Envelope::Batch { schema: version.into(), invocation_id: "i".into() });
        }
    }
}

#[test]
fn an_invocation_that_cannot_be_answered_is_an_error() {
    for field in ["invocationId", "tasks"] {
        let mut payload = invocation(&[]);
        payload.as_object_mut().unwrap().remove(field);
        let error = parse(&payload).unwrap_err().to_string();
        assert!(error.contains("S3 Batch Operations") && error.contains(field), "{error}");
    }
}
