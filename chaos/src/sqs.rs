//! The documents between a queue and the function.

use local_s3::Message;
use serde_json::{Value, json};

/// What Lambda's event source for SQS sends ("Using Lambda with Amazon SQS", AWS Lambda Developer Guide).
pub(crate) fn event(batch: &[Message]) -> Value {
    let record = |message: &Message| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": message.receive_count.to_string(),
                "SentTimestamp": message.sent_unix_ms.to_string(),
                "SenderId": "local-s3",
                "ApproximateFirstReceiveTimestamp": message.first_receive_unix_ms.to_string(),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:thumbnailer",
            "awsRegion": "us-east-1",
        })
    };
    json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
}

/// The ids of the messages that are to come again, of the function's answer.
pub(crate) fn failed_ids(answer: &Value) -> Vec<String> {
    let failures = answer.get("batchItemFailures").and_then(Value::as_array);
    let ids = failures.into_iter().flatten().filter_map(|failure| failure.get("itemIdentifier")?.as_str());
    ids.map(str::to_owned).collect()
}

/// What a notification says of its only record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) key: String,
    pub(crate) sequencer: String,
}

/// Reads a notification as the function does; `None` when it has no event that asks for work.
pub(crate) fn told(body: &str) -> Option<Told> {
    let notification = serde_json::from_str(body).ok()?;
    let delivery = thumbnailer::parse(&notification).ok()?;
    let event = delivery.messages.into_iter().flat_map(|message| message.events).next()?.ok()?;
    Some(Told { key: event.key, sequencer: event.sequencer.unwrap_or_default() })
}
