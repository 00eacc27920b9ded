//! An S3 server with both buckets, and somebody who answers uploads with manifests, as the Lambda would.
#![allow(dead_code)]

pub(crate) mod hostile;
pub(crate) mod proxy;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use local_s3::{Bucket, Message, Server};
use manifest::{
    Manifest, Placeholder, PresetInfo, Reason, RenditionInfo, SCHEMA, SourceRecord, State, manifest_key,
    rendition_path,
};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The manifests that follow an upload, one after the other.
pub(crate) type Answer = dyn Fn(&SourceRecord) -> Vec<Manifest> + Send + Sync;

/// A running server and a folder for files.
pub(crate) struct Site {
    pub(crate) client: Client,
    server: Option<Server>,
    endpoint: String,
    folder: tempfile::TempDir,
    answering: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    seen: Arc<Mutex<Vec<SourceRecord>>>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Site {
    /// Versioned originals, and `answer` to each upload.
    pub(crate) async fn new(answer: impl Fn(&SourceRecord) -> Vec<Manifest> + Send + Sync + 'static) -> Self {
        Self::with(true, false, Arc::new(answer)).await
    }

    pub(crate) async fn with(versioned: bool, hide_missing_keys: bool, answer: Arc<Answer>) -> Self {
        Self::built(versioned, answer, |builder| builder.hide_missing_keys(hide_missing_keys)).await
    }

    /// A server that is special in one more way.
    pub(crate) async fn built(
        versioned: bool,
        answer: Arc<Answer>,
        special: impl FnOnce(local_s3::Builder) -> local_s3::Builder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = Server::builder()
            .data_dir(folder.path().join("data"))
            .listen("127.0.0.1:0".parse().unwrap())
            // Some tests reach it through a proxy, which has another port.
            .allow_host("127.0.0.1")
            .bucket(Bucket::new("originals").versioned(versioned).notify(true))
            .bucket(Bucket::new("derived").versioned(true));
        let server = special(builder).start().await.unwrap();
        let endpoint = server.endpoint_url();
        let client = client(&endpoint);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answering = {
            let (stop, stopped) = oneshot::channel::<()>();
            let (queue, client, seen) = (server.queue(), client.clone(), Arc::clone(&seen));
            let task = tokio::spawn(async move {
                let deliver = move |batch: Vec<Message>| {
                    let (client, seen, answer) = (client.clone(), Arc::clone(&seen), Arc::clone(&answer));
                    async move {
                        for source in batch.iter().flat_map(|message| sources(&message.body)) {
                            let manifests = answer(&source);
                            seen.lock().unwrap().push(source);
                            for manifest in manifests {
                                put_manifest(&client, &manifest).await;
                            }
                        }
                        Vec::new()
                    }
                };
                queue.run(deliver, async { stopped.await.unwrap_or(()) }).await;
            });
            (stop, task)
        };
        Self { client, server: Some(server), endpoint, folder, answering: Some(answering), seen }
    }

    /// Writes a file below the folder and says where.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("files").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The home folder of whoever runs the program.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The uploads whose events have arrived.
    pub(crate) fn seen(&self) -> Vec<SourceRecord> {
        self.seen.lock().unwrap().clone()
    }

    /// `uploader put` with a clean environment that leads to this server.
    pub(crate) fn put(&self) -> Command {
        self.uploader("put")
    }

    /// `uploader SUB` with a clean environment that leads to this server.
    pub(crate) fn uploader(&self, sub: &str) -> Command {
        let mut command = uploader(self.folder.path());
        command.arg(sub).env("AWS_ENDPOINT_URL", &self.endpoint);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "locallocal");
        command
    }

    /// Journals of unfinished uploads on this machine.
    pub(crate) fn left_behind(&self) -> usize {
        let folder = self.folder.path().join(".local/state/uploader/uploads");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    /// The keys of a bucket.
    pub(crate) async fn keys(&self, bucket: &str) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// How often each operation was asked for.
    pub(crate) fn requests(&self) -> local_s3::RequestCounts {
        self.server.as_ref().unwrap().requests()
    }

    /// What went wrong on purpose.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// How many versions of objects a bucket has.
    pub(crate) async fn versions(&self, bucket: &str) -> usize {
        self.client.list_object_versions().bucket(bucket).send().await.unwrap().versions().len()
    }

    pub(crate) async fn stop(mut self) {
        if let Some((stop, task)) = self.answering.take() {
            stop.send(()).unwrap();
            task.await.unwrap();
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

/// The program, without the environment of whoever runs the tests: no credentials, and no requests for
/// instance metadata.
pub(crate) fn uploader(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uploader"));
    command.env_clear().env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn run(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    Ran {
        status: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A small photograph's bytes; another one for each `seed`.
pub(crate) fn photo(seed: u32) -> Vec<u8> {
    fixtures::jpeg::Jpeg::new(&fixtures::pixels::color_ramp(48 + seed, 32)).encode()
}

/// A manifest of `source` that names renditions.
pub(crate) fn derived(source: &SourceRecord) -> Manifest {
    let rendition = |media_type: &str, width: u32, ext: &str| RenditionInfo {
        path: rendition_path("9f86d081884c7d65", width, "1a2b3c4d", ext),
        variant: "default".into(),
        media_type: media_type.into(),
        width,
        height: width * 2 / 3,
        bytes: u64::from(width) * 9,
        sha256: "0".repeat(64),
    };
    Manifest {
        renditions: vec![
            rendition("image/webp", 48, "webp"),
            rendition("image/jpeg", 48, "jpg"),
            rendition("image/webp", 24, "webp"),
            rendition("image/jpeg", 24, "jpg"),
        ],
        preset: Some(PresetInfo { fingerprint: "5d41402abc4b2a76".into() }),
        placeholder: Some(Placeholder { thumbhash: "1QcSHQRn".into(), color: "#7a6f5d".into() }),
        ..empty(source, State::Derived)
    }
}

/// A manifest of `source` that says why there is nothing.
pub(crate) fn without(source: &SourceRecord, state: State, message: &str, remedy: &str) -> Manifest {
    let reason = Reason { code: "unsupported".into(), message: message.into(), remedy: remedy.into() };
    Manifest { reason: Some(reason), ..empty(source, state) }
}

fn empty(source: &SourceRecord, state: State) -> Manifest {
    Manifest {
        schema: SCHEMA,
        state,
        written: "2026-11-22T08:00:00Z".into(),
        source: source.clone(),
        preset: None,
        renditions: Vec::new(),
        placeholder: None,
        alt: None,
        caption: None,
        focal_point: None,
        warnings: Vec::new(),
        reason: None,
        pending: None,
        retired: Vec::new(),
    }
}

pub(crate) async fn put_manifest(client: &Client, manifest: &Manifest) {
    client
        .put_object()
        .bucket("derived")
        .key(manifest_key(&manifest.source.key))
        .body(ByteStream::from(manifest.to_json()))
        .send()
        .await
        .unwrap();
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new("local", "locallocal", None, None, "static"))
        .region(Region::new("us-east-1"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// What an S3 event says was created.
fn sources(body: &str) -> Vec<SourceRecord> {
    let event: serde_json::Value = serde_json::from_str(body).unwrap();
    let records = event["Records"].as_array().unwrap().iter();
    records
        .filter(|record| record["eventName"].as_str().unwrap().starts_with("ObjectCreated:"))
        .map(|record| {
            let object = &record["s3"]["object"];
            let text = |name: &str| object[name].as_str().map(str::to_owned);
            let form = text("key").unwrap().replace('+', " ");
            SourceRecord {
                bucket: record["s3"]["bucket"]["name"].as_str().unwrap().to_owned(),
                key: percent_encoding::percent_decode_str(&form).decode_utf8().unwrap().into_owned(),
                etag: text("eTag").unwrap(),
                version_id: text("versionId"),
                bytes: object["size"].as_u64().unwrap(),
                sequencer: text("sequencer"),
                ..SourceRecord::default()
            }
        })
        .collect()
}
