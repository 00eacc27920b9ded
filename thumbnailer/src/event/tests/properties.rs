use super::*;
use proptest::prelude::*;

/// Any JSON, with the names and texts that the parser looks for made likely.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "Records",
        "eventSource",
        "EventSource",
        "s3",
        "bucket",
        "object",
        "key",
        "name",
        "body",
        "messageId",
        "Event",
        "eventName",
        "eventVersion",
        "Sns",
        "Type",
        "Message",
        "source",
        "detail-type",
        "detail",
        "invocationSchemaVersion",
        "invocationId",
        "tasks",
        "taskId",
        "s3Key",
        "s3Bucket",
        "s3BucketArn",
        "sweep",
    ];
    const TEXTS: &[&str] = &[
        "aws:s3",
        "aws:sqs",
        "aws:sns",
        "aws.s3",
        "aws.events",
        "s3:TestEvent",
        "2.1",
        "1.0",
        "ObjectCreated:Put",
        "Object Created",
        "Scheduled Event",
        "Notification",
        "arn:aws:s3:::originals",
        "a%20b",
        r#"{"Event":"s3:TestEvent"}"#,
        r#"{"Records":[{"eventSource":"aws:s3"}]}"#,
    ];
    let text = prop_oneof![
        3 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let fields = prop::collection::vec((prop::sample::select(NAMES), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// How many records a payload has.
fn records(payload: &Value) -> Option<usize> {
    Some(payload.get("Records")?.as_array()?.len())
}

/// Whether a record rightly leaves no trace: it says that it asks for no work.
fn asks_for_nothing(record: &Value) -> bool {
    record.to_string().contains("s3:TestEvent")
}

proptest! {
    #[test]
    fn any_payload_is_read_or_refused(payload in any_json()) {
        let Ok(delivery) = parse(&payload) else { return Ok(()) };
        match delivery.envelope {
            Envelope::Sqs => prop_assert_eq!(Some(delivery.messages.len()), records(&payload)),
            Envelope::Batch { .. } => {
                prop_assert_eq!(Some(delivery.messages.len()), payload["tasks"].as_array().map(Vec::len));
            }
            Envelope::Sweep => prop_assert_eq!(records(&payload), None),
            Envelope::Direct | Envelope::EventBridge => {
                prop_assert_eq!(delivery.messages.len(), 1);
                let idle = |record: &&Value| asks_for_nothing(record);
                let idle = payload["Records"].as_array().map_or(0, |all| all.iter().filter(idle).count());
                let events = delivery.messages[0].events.len();
                prop_assert!(events + idle >= records(&payload).unwrap_or(0), "{} events: {}", events, payload);
            }
        }
    }

    #[test]
    fn any_message_leaves_one(bodies in prop::collection::vec(any_json(), 1..4)) {
        let delivery = parse(&batch(&bodies)).unwrap();
        prop_assert_eq!(delivery.envelope, Envelope::Sqs);
        prop_assert_eq!(delivery.messages.len(), bodies.len());
        for (body, message) in bodies.iter().zip(&delivery.messages) {
            prop_assert!(!message.events.is_empty() || asks_for_nothing(body), "{}", body);
        }
    }

    #[test]
    fn any_task_leaves_one(tasks in prop::collection::vec(any_json(), 0..4)) {
        let delivery = parse(&invocation(&tasks)).unwrap();
        prop_assert_eq!(delivery.messages.len(), tasks.len());
        prop_assert!(delivery.messages.iter().all(|message| message.events.len() == 1));
    }

    #[test]
    fn any_neighbours_leave_a_good_record_alone(
        before in prop::collection::vec(any_json(), 0..3),
        after in prop::collection::vec(any_json(), 0..3),
    ) {
        let place = before.len();
        let good = created("good.jpg");
        let around = |good: Value| [&before[..], &[good], &after[..]].concat();

        // A neighbour may say that it comes from a queue, so that all of them have to.
        let among = parse(&json!({ "Records": around(good["Records"][0].clone()) })).unwrap();
        if among.envelope == Envelope::Direct {
            let keys: Vec<_> = among.messages[0].events.iter().flatten().map(|event| &event.key).collect();
            prop_assert!(keys.iter().any(|key| *key == "good.jpg"));
        }
        let queued = parse(&json!({ "Records": around(batch(&[good])["Records"][0].clone()) })).unwrap();
        prop_assert_eq!(&queued.messages[place].id, "m0");
        prop_assert!(queued.messages[place].events[0].is_ok());
        let task = json!({ "taskId": "good", "s3Key": "good.jpg", "s3Bucket": "originals" });
        let asked = parse(&invocation(&around(task))).unwrap();
        prop_assert!(asked.messages[place].events[0].is_ok());
    }

    #[test]
    fn any_text_decodes_or_errs(text in ".{0,60}") {
        let _ = key::decode(&text);
    }
}
