//! Nothing is unwrapped deeper than SQS, SNS, S3.

use super::*;

fn error(payload: &Value) -> String {
    only(payload).unwrap_err().to_string()
}

#[test]
fn sns_is_unwrapped_once() {
    let once = notified(&created("a"));
    let payloads = [
        batch(&[notified(&once)]),
        json!({ "Records": [sns_record(&once)] }),
        json!({ "Records": [sns_record(&json!({ "Records": [sns_record(&created("a"))] }))] }),
    ];
    for payload in payloads {
        assert!(error(&payload).contains("an SNS notification within another"), "{}", error(&payload));
    }
}

#[test]
fn batches_are_not_unwrapped_from_messages() {
    assert!(error(&batch(&[batch(&[created("a")])])).contains("an SQS message within a message"));
    let task = json!({ "taskId": "t", "s3Key": "a", "s3Bucket": "originals" });
    assert!(error(&batch(&[invocation(&[task])])).contains("S3 Batch Operations"));
}

#[test]
fn a_sweep_is_not_asked_for_within_a_message() {
    let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    assert!(error(&batch(&[schedule])).contains("by itself"));
    assert!(error(&batch(&[json!({ "sweep": {} })])).contains("[sweep]"));
}

#[test]
fn errors_say_where_it_stood() {
    let hello = json!({ "hello": 1 });
    assert!(parse(&hello).unwrap_err().to_string().starts_with("the payload is"));
    assert!(error(&batch(std::slice::from_ref(&hello))).starts_with("the message's body is"));
    assert!(error(&batch(&[notified(&hello)])).starts_with("the SNS notification's Message is"));
    let mut not_json = notified(&hello);
    not_json["Message"] = json!("Greetings");
    assert!(error(&batch(&[not_json])).starts_with("the SNS notification's Message is not JSON"));
}
