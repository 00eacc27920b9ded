//! Any JSON is read as an invocation's payload or refused in words, each record by itself.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use thumbnailer::event::{Envelope, parse};

// As the thumbnailer has it, without the SDK that the rest of that crate needs.
#[allow(dead_code, unused_imports)]
#[path = "../../thumbnailer/src"]
mod thumbnailer {
    pub(crate) mod event;
}

fuzz_target!(|json: &[u8]| -> Corpus {
    let Ok(payload) = serde_json::from_slice::<Value>(json) else { return Corpus::Reject };
    match parse(&payload) {
        Ok(delivery) => {
            assert_eq!(parse(&payload), Ok(delivery.clone()));
            if matches!(delivery.envelope, Envelope::Sqs) {
                let records = payload.get("Records").and_then(Value::as_array);
                assert_eq!(records.map(Vec::len), Some(delivery.messages.len()), "a message went missing");
            }
            for event in delivery.messages.iter().flat_map(|message| &message.events) {
                match event {
                    Ok(event) => assert!(!event.key.is_empty()),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Corpus::Keep
});
