//! S3 in the process, on a file system in memory where there is one, and the clients that speak to it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use local_s3::{Bucket, Builder, EventFaults, Faults, QueueSettings, Server};
use manifest::{Manifest, manifest_key};
use tempfile::TempDir;
use thumbnailer::Config;

/// Originals without versions.
pub(crate) const ORIGINALS: &str = "originals";
/// Originals with versions.
pub(crate) const ARCHIVE: &str = "archive";
pub(crate) const DERIVED: &str = "derived";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCESS_KEY: &str = "local";
pub(crate) const SECRET_KEY: &str = "locallocal";
/// The file system in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// What a world shall be like.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) faults: Option<Faults>,
    pub(crate) events: Option<EventFaults>,
    pub(crate) queue: QueueSettings,
    /// Whether the function lacks `s3:ListBucket`.
    pub(crate) hide_missing_keys: bool,
}

/// A server, gone with all that it holds when dropped.
pub(crate) struct World {
    pub(crate) server: Server,
    /// A client of its own for whoever is not the function.
    pub(crate) s3: Client,
    _data: TempDir,
}

impl World {
    pub(crate) async fn start(setup: Setup) -> anyhow::Result<Self> {
        let data = data_dir().context("no directory for S3's data")?;
        let mut builder: Builder = Server::builder()
            .data_dir(data.path())
            .listen(([127, 0, 0, 1], 0).into())
            .credentials(ACCESS_KEY, SECRET_KEY)
            .region(REGION)
            .bucket(Bucket::new(ORIGINALS).notify(true))
            .bucket(Bucket::new(ARCHIVE).versioned(true).notify(true))
            .bucket(Bucket::new(DERIVED).versioned(true))
            .hide_missing_keys(setup.hide_missing_keys)
            .queue(setup.queue);
        if let Some(faults) = setup.faults {
            builder = builder.faults(faults);
        }
        if let Some(events) = setup.events {
            builder = builder.event_faults(events);
        }
        let server = builder.start().await?;
        let s3 = client(&server);
        Ok(Self { server, s3, _data: data })
    }

    /// A client as an execution environment of the function has it.
    pub(crate) fn client(&self) -> Client {
        client(&self.server)
    }

    /// An object of the derived bucket with its bytes; `None` when there is none.
    pub(crate) async fn derived(&self, key: &str) -> anyhow::Result<Option<(GetObjectOutput, Vec<u8>)>> {
        let mut object = match self.s3.get_object().bucket(DERIVED).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| format!("reading {DERIVED}/{key}")),
        };
        let body = std::mem::take(&mut object.body);
        let bytes = body.collect().await.with_context(|| format!("reading {DERIVED}/{key}"))?.to_vec();
        Ok(Some((object, bytes)))
    }

    /// The manifest of the original `key`; `None` when there is none.
    pub(crate) async fn manifest(&self, key: &str) -> anyhow::Result<Option<Manifest>> {
        let Some((_, json)) = self.derived(&manifest_key(key)).await? else { return Ok(None) };
        Manifest::parse(&json).map(Some).with_context(|| format!("the manifest of {key}"))
    }
}

fn data_dir() -> std::io::Result<TempDir> {
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("chaos-");
        builder
    };
    if Path::new(MEMORY).is_dir() {
        // Another system's folder of that name may not be for us.
        if let Ok(dir) = builder().tempdir_in(MEMORY) {
            return Ok(dir);
        }
    }
    builder().tempdir()
}

/// A client with the SDK's own retries, quicker than they are by default. Each has a quota of retries of its own, as
/// the execution environments of a function have.
fn client(server: &Server) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(10))
        .with_max_backoff(Duration::from_millis(100));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint_url())
        .force_path_style(true)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "chaos"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(retries)
        .retry_partition(RetryPartition::custom("an environment of its own").build())
        .build();
    Client::from_conf(config)
}

/// The function's settings, with renditions that are quickly made.
pub(crate) fn config(widths: &[u32], max_receives: u32) -> anyhow::Result<Config> {
    let mut config = Config::new(DERIVED)?;
    config.preset.widths = widths.to_vec();
    config.preset.formats = vec![imaging::FormatChoice::Jpeg];
    config.max_receives = max_receives;
    Ok(config)
}
