use super::*;
use proptest::prelude::*;
use serde_json::json;

fn record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "s3": { "bucket": { "name": "originals" },
                "object": { "key": key, "eTag": "0123abcd", "sequencer": "0055AED6DCD90281E5" } }
    })
}

fn batch(bodies: &[Value]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({ "messageId": format!("m{n}"), "eventSource": "aws:sqs", "body": body.to_string(),
                    "attributes": { "ApproximateReceiveCount": "3" } })
        })
        .collect();
    json!({ "Records": records })
}

fn only(payload: &Value) -> Result<ObjectEvent, EventError> {
    let mut messages = parse(payload)?.messages;
    messages.remove(0).events.remove(0)
}

#[test]
fn a_direct_notification_is_one_message() {
    let payload =
        json!({ "Records": [record("ObjectCreated:Put", "a.jpg"), record("ObjectRemoved:Delete", "b.jpg")] });
    let delivery = parse(&payload).unwrap();
    assert_eq!(delivery.envelope, Envelope::Direct);
    let [message] = &delivery.messages[..] else { panic!("one message") };
    let events: Vec<_> = message.events.iter().flatten().map(|e| (e.change, e.key.as_str())).collect();
    assert_eq!(events, [(Change::Created, "a.jpg"), (Change::Removed, "b.jpg")]);
}

#[test]
fn every_way_to_create_counts() {
    for name in ["Put", "Post", "Copy", "CompleteMultipartUpload"] {
        let payload = json!({ "Records": [record(&format!("ObjectCreated:{name}"), "a")] });
        assert_eq!(only(&payload).unwrap().change, Change::Created, "{name}");
    }
    for name in ["ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"] {
        let payload = json!({ "Records": [record(name, "a")] });
        assert_eq!(only(&payload).unwrap().change, Change::Removed, "{name}");
    }
}

#[test]
fn events_without_work_are_left_out() {
    let payload =
        json!({ "Records": [record("ObjectRestore:Completed", "a"), record("ObjectTagging:Put", "a")] });
    assert!(parse(&payload).unwrap().messages[0].events.is_empty());
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "originals" });
    assert!(parse(&test).unwrap().messages[0].events.is_empty());
    let queued = parse(&batch(&[test])).unwrap();
    assert_eq!(queued.envelope, Envelope::Sqs);
    assert!(queued.messages[0].events.is_empty());
}

#[test]
fn a_bad_message_does_not_harm_its_neighbours() {
    let mut payload =
        batch(&[json!({ "Records": [record("ObjectCreated:Put", "a")] }), json!({ "Type": "Notification" })]);
    payload["Records"][0]["body"] = json!("{ not JSON");
    let good = batch(&[json!({ "Records": [record("ObjectCreated:Put", "a")] })]);
    payload["Records"].as_array_mut().unwrap().push(good["Records"][0].clone());
    let delivery = parse(&payload).unwrap();
    assert_eq!(delivery.messages[0].receive_count, 3);
    assert!(matches!(delivery.messages[0].events[..], [Err(EventError::NotJson { .. })]));
    let [Err(sns)] = &delivery.messages[1].events[..] else { panic!("an error") };
    assert!(sns.to_string().contains("SNS"), "{sns}");
    assert!(delivery.messages[2].events[0].is_ok());
}

#[test]
fn a_bad_record_does_not_harm_its_neighbours() {
    let payload = json!({ "Records": [
        record("ObjectCreated:Put", "a"), { "eventSource": "aws:s3" }, record("ObjectCreated:Put", "%FF"),
        record("Surprise:Egg", "a"), record("ObjectCreated:Put", "b"),
    ] });
    let events = parse(&payload).unwrap().messages.remove(0).events;
    assert!(events[0].is_ok() && events[4].is_ok());
    assert!(matches!(events[1], Err(EventError::Malformed { .. })));
    assert!(matches!(events[2], Err(EventError::Key { .. })));
    assert!(matches!(events[3], Err(EventError::UnknownName { .. })));
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
fn unknown_envelopes_are_described() {
    for (payload, word) in [
        (json!({ "detail-type": "Object Created" }), "EventBridge"),
        (json!({ "invocationSchemaVersion": "1.0" }), "Batch"),
        (json!({ "Records": [] }), "no records"),
        (json!({ "Records": [{ "eventSource": "aws:kinesis" }] }), "neither"),
        (json!({ "hello": 1 }), "hello"),
        (json!(null), "null"),
    ] {
        let error = parse(&payload).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("expected an S3 notification"), "{error}");
    }
}

#[test]
fn keys_are_decoded_exactly_once() {
    for (encoded, key) in [
        ("a+b%2B%C3%BC.jpg", "a b+ü.jpg"),
        ("a%252Fb.jpg", "a%2Fb.jpg"),
        ("a%20b", "a b"),
        ("%E6%97%A5%E6%9C%AC.jpg", "日本.jpg"),
        ("x/../y", "x/../y"),
    ] {
        assert_eq!(decode_key(encoded).unwrap(), key);
    }
    for bad in ["", "100%", "%f", "%zz", "%C3"] {
        assert!(decode_key(bad).is_err(), "{bad}");
    }
}

/// Any JSON, with the names that the parser looks for made likely.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("aws:s3".to_owned()),
        Just("aws:sqs".to_owned()),
        Just("s3:TestEvent".to_owned()),
        Just("2.1".to_owned()),
        Just("ObjectCreated:Put".to_owned()),
        ".{0,12}",
    ];
    let name = prop_oneof![
        Just("Records"),
        Just("eventSource"),
        Just("s3"),
        Just("bucket"),
        Just("object"),
        Just("key"),
        Just("name"),
        Just("body"),
        Just("messageId"),
        Just("Event"),
        Just("eventName"),
        Just("eventVersion"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone().prop_map(str::to_owned), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_parses_or_errs(document in any_json()) {
        let _ = parse(&document);
        let _ = parse(&batch(std::slice::from_ref(&document)));
        let _ = parse(&json!({ "Records": [document] }));
    }

    #[test]
    fn any_key_round_trips(key in "\\PC{1,40}") {
        let encoded = percent_encoding::utf8_percent_encode(&key, percent_encoding::NON_ALPHANUMERIC)
            .to_string().replace("%20", "+");
        prop_assert_eq!(decode_key(&encoded).unwrap(), key);
    }

    #[test]
    fn any_text_decodes_or_errs(text in ".{0,60}") {
        let _ = decode_key(&text);
    }
}
