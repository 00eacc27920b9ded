//! S3 in this process with a function that can be told of what lies in it, and the program, run as a person would.

#![allow(dead_code, clippy::unwrap_used)]

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use local_s3::{Bucket, Server};
use thumbnailer::{Config, Thumbnailer};

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) s3: Client,
    thumbnailer: Thumbnailer,
    _data: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::builder()
            .data_dir(data.path())
            .listen(([127, 0, 0, 1], 0).into())
            .bucket(Bucket::new("originals").versioned(true).notify(true))
            .bucket(Bucket::new("derived").versioned(true))
            .start()
            .await
            .unwrap();
        let s3 = Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
                .endpoint_url(server.endpoint_url())
                .force_path_style(true)
                .region(aws_sdk_s3::config::Region::new("us-east-1"))
                .credentials_provider(aws_credential_types::Credentials::new(
                    "local",
                    "locallocal",
                    None,
                    None,
                    "test",
                ))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        );
        let thumbnailer = Thumbnailer::new(s3.clone(), Config::new("derived").unwrap());
        Self { server, s3, thumbnailer, _data: data }
    }

    pub(crate) async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) {
        self.s3.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes)).send().await.unwrap();
    }

    /// Hands everything that the queue holds to the function.
    pub(crate) async fn settle(&self) {
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let take = {
            let bodies = bodies.clone();
            move |batch: Vec<local_s3::Message>| {
                bodies.lock().unwrap().extend(batch.into_iter().map(|message| message.body));
                std::future::ready(Vec::new())
            }
        };
        let queue = self.server.queue();
        queue.run(take, queue.settled()).await;
        let bodies = std::mem::take(&mut *bodies.lock().unwrap());
        for body in bodies {
            self.thumbnailer.handle(serde_json::from_str(&body).unwrap(), None).await.unwrap();
        }
    }

    /// Runs `thumbnailer` with `args`, without anything of this machine's own set-up.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
        command.args(args).env_clear().envs([
            ("AWS_ENDPOINT_URL", self.server.endpoint_url().as_str()),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "locallocal"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}
