use super::*;

#[test]
fn a_direct_notification_is_one_message() {
    let payload =
        json!({ "Records": [record("ObjectCreated:Put", "a.jpg"), record("ObjectRemoved:Delete", "b.jpg")] });
    let delivery = parse(&payload).unwrap();
    assert_eq!(delivery.envelope, Envelope::Direct);
    let [message] = &delivery.messages[..] else { panic!("one message") };
    assert_eq!((message.id.as_str(), message.receive_count), ("", 1));
    let events: Vec<_> = message.events.iter().flatten().map(|e| (e.change, e.key.as_str())).collect();
    assert_eq!(events, [(Change::Created, "a.jpg"), (Change::Removed, "b.jpg")]);
}

#[test]
fn every_way_to_create_and_remove_counts() {
    for name in ["Put", "Post", "Copy", "CompleteMultipartUpload"] {
        let payload = json!({ "Records": [record(&format!("ObjectCreated:{name}"), "a")] });
        assert_eq!(only(&payload).unwrap().change, Change::Created, "{name}");
    }
    for name in ["Removed:Delete", "Removed:DeleteMarkerCreated"] {
        let payload = json!({ "Records": [record(&format!("Object{name}"), "a")] });
        assert_eq!(only(&payload).unwrap().change, Change::Removed, "{name}");
    }
    for name in ["LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated"] {
        let payload = json!({ "Records": [record(name, "a")] });
        assert_eq!(only(&payload).unwrap().change, Change::Removed, "{name}");
    }
}

#[test]
fn events_without_work_are_left_out() {
    for name in [
        "ObjectRestore:Completed",
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "LifecycleTransition",
        "IntelligentTiering",
        "Replication:OperationFailedReplication",
        "ReducedRedundancyLostObject",
    ] {
        assert_eq!(events(&json!({ "Records": [record(name, "a")] })).unwrap(), [], "{name}");
    }
}

#[test]
fn the_test_event_asks_for_nothing_wherever_it_is() {
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "originals" });
    for payload in [
        test.clone(),
        json!({ "Records": [test] }),
        json!({ "Records": [sns_record(&test)] }),
        notified(&test),
        batch(std::slice::from_ref(&test)),
        batch(&[notified(&test)]),
        batch(&[json!({ "Records": [sns_record(&test)] })]),
    ] {
        assert_eq!(events(&payload).unwrap(), [], "{payload}");
    }
}

#[test]
fn a_record_says_what_its_object_is() {
    let mut one = record("ObjectCreated:Put", "a");
    let object = &mut one["s3"]["object"];
    object["eTag"] = json!("\"0123abcd\"");
    object["versionId"] = json!("v.1");
    object["size"] = json!(5_000_000_000_u64);
    let event = only(&json!({ "Records": [one] })).unwrap();
    assert_eq!(event.etag.as_deref(), Some("0123abcd"));
    assert_eq!(event.version_id.as_deref(), Some("v.1"));
    assert_eq!((event.size, event.sequencer.as_deref()), (Some(5_000_000_000), Some("0055AED6DCD90281E5")));
}

#[test]
fn what_emulators_leave_out_or_empty_is_not_there() {
    let mut one = record("ObjectCreated:Put", "a");
    one["eventVersion"] = Value::Null;
    one["s3"]["object"] =
        json!({ "key": "a", "eTag": "", "versionId": null, "sequencer": "", "size": "many" });
    let event = only(&json!({ "Records": [one] })).unwrap();
    assert_eq!((event.etag, event.version_id, event.sequencer, event.size), (None, None, None, None));
}

#[test]
fn only_the_major_version_matters() {
    for (version, known) in [("2.0", true), ("2.6", true), ("2.99", true), ("3.0", false), ("21.0", false)] {
        let mut one = record("ObjectCreated:Put", "a");
        one["eventVersion"] = json!(version);
        assert_eq!(only(&json!({ "Records": [one] })).is_ok(), known, "{version}");
    }
}

#[test]
fn a_bad_record_does_not_harm_its_neighbours() {
    let payload = json!({ "Records": [
        record("ObjectCreated:Put", "a"), { "eventSource": "aws:s3" }, record("ObjectCreated:Put", "%FF"),
        record("Surprise:Egg", "a"), { "eventSource": "aws:kinesis" }, null, { "s3": {} },
        { "EventSource": "aws:sns" }, sns_record(&created("b")), record("ObjectCreated:Put", "c"),
    ] });
    let events = events(&payload).unwrap();
    let keys: Vec<_> = events.iter().flatten().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert!(matches!(events[1], Err(EventError::Malformed { .. })));
    assert!(matches!(events[2], Err(EventError::Key { .. })));
    assert!(matches!(events[3], Err(EventError::UnknownName { .. })));
    let words = |n: usize| events[n].as_ref().unwrap_err().to_string();
    assert!(words(4).contains("aws:kinesis"), "{}", words(4));
    assert!(words(5).contains("null"), "{}", words(5));
    assert!(words(6).contains("[s3]"), "{}", words(6));
    assert!(words(7).contains("SNS notification"), "{}", words(7));
    assert_eq!(events.len(), 10);
}
