//! How Lambda hands a queue's messages to a function, and hears which of them failed.

use serde_json::{Value, json};

use super::Message;

/// The document that Lambda's event source for SQS in `region` sends for `batch` ("Using Lambda with Amazon SQS", AWS
/// Lambda Developer Guide).
pub fn sqs_event(batch: &[Message], region: &str) -> Value {
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
            "eventSourceARN": format!("arn:aws:sqs:{region}:000000000000:thumbnailer"),
            "awsRegion": region,
        })
    };
    json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
}

/// The ids of the messages that are to come again, of a function's answer (`batchItemFailures`).
pub fn failed_ids(answer: &Value) -> Vec<String> {
    let failures = answer.get("batchItemFailures").and_then(Value::as_array);
    let ids = failures.into_iter().flatten().filter_map(|failure| failure.get("itemIdentifier")?.as_str());
    ids.map(str::to_owned).collect()
}
