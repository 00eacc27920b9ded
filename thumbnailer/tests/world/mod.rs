//! The real handler before a real S3 server in the process, spoken to over HTTP.

#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod faults;
pub(crate) mod held;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use faults::Fault;
use fixtures::{jpeg::Jpeg, pixels};
use local_s3::{Bucket, Builder, Server};
use manifest::{Manifest, manifest_key};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use thumbnailer::{Config, Fate, Outcome, Thumbnailer};

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) s3: Client,
    pub(crate) thumbnailer: Thumbnailer,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
    _data: tempfile::TempDir,
}

/// A preset that keeps tests quick: two widths, two formats.
pub(crate) fn config() -> Config {
    let mut config = Config::new("derived").unwrap();
    config.preset = imaging::Preset::from_toml("widths = [40, 80]").unwrap();
    config
}

/// A photograph-like JPEG of 120×90, another one for each `seed`.
pub(crate) fn picture(seed: u64) -> Vec<u8> {
    Jpeg::new(&pixels::camera_like(120, 90, seed)).quality(85).encode()
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|server| server, config()).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(Builder) -> Builder, config: Config) -> Self {
        let data = tempfile::tempdir().unwrap();
        let builder = Server::builder()
            .data_dir(data.path())
            .listen(([127, 0, 0, 1], 0).into())
            // Faults are injected by a proxy, which has another port.
            .allow_host("127.0.0.1")
            .bucket(Bucket::new("originals").notify(true))
            .bucket(Bucket::new("others").notify(true))
            .bucket(Bucket::new("archive").versioned(true).notify(true))
            .bucket(Bucket::new("derived").versioned(true));
        let server = adjust(builder).start().await.unwrap();
        let s3 = client(server.address());
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let thumbnailer = listened_to(Thumbnailer::new(s3.clone(), config), &outcomes);
        Self { server, s3, thumbnailer, outcomes, _data: data }
    }

    /// One whose requests to S3 meet what `fault` says of their method and path.
    pub(crate) async fn with_faults(fault: impl Fn(&str) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let mut world = Self::start().await;
        let s3 = client(faults::between(world.server.address(), fault).await);
        world.thumbnailer = listened_to(Thumbnailer::new(s3, config()), &world.outcomes);
        world
    }

    /// Puts a worker in place that meets no faults, and returns the one that did.
    pub(crate) fn replace_worker(&mut self) -> Thumbnailer {
        let whole = listened_to(Thumbnailer::new(self.s3.clone(), config()), &self.outcomes);
        std::mem::replace(&mut self.thumbnailer, whole)
    }

    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) {
        self.put_into("originals", key, bytes).await;
    }

    pub(crate) async fn put_into(&self, bucket: &str, key: &str, bytes: Vec<u8>) {
        self.s3.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes)).send().await.unwrap();
    }

    pub(crate) async fn delete(&self, key: &str) {
        self.s3.delete_object().bucket("originals").key(key).send().await.unwrap();
    }

    /// Takes all that the queue holds, oldest first: the bodies of its messages.
    pub(crate) async fn take_events(&self) -> Vec<Value> {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let deliver = {
            let taken = taken.clone();
            move |batch: Vec<local_s3::Message>| {
                taken.lock().unwrap().extend(batch.into_iter().map(|m| (m.sent_unix_ms, m.body)));
                std::future::ready(Vec::new())
            }
        };
        let queue = self.server.queue();
        queue.run(deliver, queue.settled()).await;
        let mut bodies = std::mem::take(&mut *taken.lock().unwrap());
        bodies.sort_by_key(|(sent, _)| *sent);
        bodies.into_iter().map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
    }

    /// Takes the only event that the queue holds.
    pub(crate) async fn take_event(&self) -> Value {
        let mut events = self.take_events().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Hands `bodies` to the handler as one batch of SQS messages `m0`, `m1`, …; answers the ids that failed and
    /// each record's outcome.
    pub(crate) async fn deliver(&self, bodies: &[Value]) -> (Vec<String>, Vec<Outcome>) {
        self.deliver_before(bodies, None).await
    }

    pub(crate) async fn deliver_before(
        &self,
        bodies: &[Value],
        deadline: Option<Instant>,
    ) -> (Vec<String>, Vec<Outcome>) {
        self.outcomes.lock().unwrap().clear();
        let response = self.thumbnailer.handle(batch(bodies), deadline).await.unwrap();
        let failed = response["batchItemFailures"].as_array().unwrap();
        let failed = failed.iter().map(|one| one["itemIdentifier"].as_str().unwrap().to_owned()).collect();
        (failed, std::mem::take(&mut *self.outcomes.lock().unwrap()))
    }

    /// Hands one notification over; its only record's outcome.
    pub(crate) async fn deliver_one(&self, body: &Value) -> Outcome {
        let (failed, mut outcomes) = self.deliver(std::slice::from_ref(body)).await;
        assert_eq!(outcomes.len(), 1);
        let outcome = outcomes.remove(0);
        assert_eq!(failed.is_empty(), outcome.fate.is_success());
        outcome
    }

    /// Hands one notification over as a message that was received `count` times; its only record's outcome.
    pub(crate) async fn deliver_again(&self, body: &Value, count: u32) -> Outcome {
        let mut batch = batch(std::slice::from_ref(body));
        batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = count.to_string().into();
        self.outcomes.lock().unwrap().clear();
        self.thumbnailer.handle(batch, None).await.unwrap();
        self.outcomes().remove(0)
    }

    /// Delivers what the queue holds; the fates in order.
    pub(crate) async fn settle(&self) -> Vec<Fate> {
        let events = self.take_events().await;
        let (_, outcomes) = self.deliver(&events).await;
        outcomes.into_iter().map(|outcome| outcome.fate).collect()
    }

    /// What was told of records since the last delivery.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        std::mem::take(&mut *self.outcomes.lock().unwrap())
    }

    pub(crate) async fn derived(&self, key: &str) -> Option<(GetObjectOutput, Vec<u8>)> {
        match self.s3.get_object().bucket("derived").key(key).send().await {
            Ok(mut object) => {
                let body = std::mem::take(&mut object.body).collect().await.unwrap().to_vec();
                Some((object, body))
            }
            Err(error) => {
                assert!(error.as_service_error().unwrap().is_no_such_key(), "{error:?}");
                None
            }
        }
    }

    pub(crate) async fn manifest(&self, key: &str) -> Option<Manifest> {
        let (_, body) = self.derived(&manifest_key(key)).await?;
        Some(Manifest::parse(&body).unwrap())
    }

    /// All versions of all renditions in the derived bucket, as `key version`.
    pub(crate) async fn versions(&self) -> Vec<String> {
        let list = self.s3.list_object_versions().bucket("derived").send().await.unwrap();
        assert_ne!(list.is_truncated(), Some(true));
        let all = list.versions().iter().map(|one| (one.key().unwrap(), one.version_id().unwrap()));
        all.filter(|(key, _)| !key.ends_with("/manifest.json")).map(|(k, v)| format!("{k} {v}")).collect()
    }

    /// All keys of the derived bucket.
    pub(crate) async fn derived_keys(&self) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket("derived");
        // Some keys hold what XML cannot.
        let list = list.encoding_type(EncodingType::Url).send().await.unwrap();
        let decode =
            |key: &str| percent_decode_str(&key.replace('+', " ")).decode_utf8().unwrap().into_owned();
        list.contents().iter().map(|object| decode(object.key().unwrap())).collect()
    }
}

/// Speaks to the server at `address`, and takes no for an answer the first time.
fn client(address: SocketAddr) -> Client {
    Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{address}"))
            .force_path_style(true)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "locallocal", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .build(),
    )
}

fn listened_to(thumbnailer: Thumbnailer, outcomes: &Arc<Mutex<Vec<Outcome>>>) -> Thumbnailer {
    let outcomes = outcomes.clone();
    thumbnailer.on_outcome(move |outcome| outcomes.lock().unwrap().push(outcome.clone()))
}

pub(crate) fn batch(bodies: &[Value]) -> Value {
    let record = |(n, body): (usize, &Value)| {
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        json!({
            "messageId": format!("m{n}"), "receiptHandle": "r", "body": body,
            "attributes": { "ApproximateReceiveCount": "1" }, "eventSource": "aws:sqs",
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// `event` as another one of the same object.
pub(crate) fn with(event: &Value, field: &str, value: &str) -> Value {
    let mut event = event.clone();
    let record = &mut event["Records"][0];
    match field {
        "eventName" => record[field] = json!(value),
        "bucket" => record["s3"]["bucket"]["name"] = json!(value),
        _ => record["s3"]["object"][field] = json!(value),
    }
    event
}

pub(crate) fn sequencer(event: &Value) -> &str {
    event["Records"][0]["s3"]["object"]["sequencer"].as_str().unwrap()
}
