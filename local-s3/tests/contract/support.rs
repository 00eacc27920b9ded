use std::future::Future;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use local_s3::{Bucket, Builder, Queue, Server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server of its own for each test, with three buckets: `plain`, `noted` (notifies) and `kept` (notifies, versioned).
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) dir: TempDir,
}

pub(crate) fn builder(dir: &Path) -> Builder {
    Server::builder()
        .data_dir(dir)
        .listen(([127, 0, 0, 1], 0).into())
        .bucket(Bucket::new("plain"))
        .bucket(Bucket::new("noted").notify(true))
        .bucket(Bucket::new("kept").versioned(true).notify(true))
}

pub(crate) async fn site() -> Site {
    site_with(|builder| builder).await
}

pub(crate) async fn site_with(change: impl FnOnce(Builder) -> Builder) -> Site {
    let dir = tempfile::tempdir().unwrap();
    let server = change(builder(dir.path())).start().await.unwrap();
    Site { client: client(&server, "local", "locallocal"), server, dir }
}

pub(crate) fn client(server: &Server, key: &str, secret: &str) -> Client {
    Client::from_conf(config(server, key, secret).build())
}

pub(crate) fn config(server: &Server, key: &str, secret: &str) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .endpoint_url(server.endpoint_url())
        .force_path_style(true)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(key, secret, None, None, "test"))
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

impl Site {
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(body.into());
        let put = self.client.put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
        put.e_tag.unwrap()
    }

    pub(crate) async fn get(&self, bucket: &str, key: &str) -> Vec<u8> {
        let got = self.client.get_object().bucket(bucket).key(key).send().await.unwrap();
        got.body.collect().await.unwrap().to_vec()
    }

    pub(crate) async fn keys(&self, bucket: &str) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    /// The bodies of all messages, taken from the queue until it is settled.
    pub(crate) async fn events(&self) -> Vec<String> {
        drain(&self.server.queue()).await
    }

    /// Stops the server and starts another one on the same directory.
    pub(crate) async fn restart(self) -> Site {
        let Site { server, dir, .. } = self;
        server.stop().await;
        let server = builder(dir.path()).start().await.unwrap();
        Site { client: client(&server, "local", "locallocal"), server, dir }
    }
}

/// Delivers everything once and returns the bodies in the order of sending.
pub(crate) async fn drain(queue: &Queue) -> Vec<String> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let settled = {
        let queue = queue.clone();
        async move { queue.settled().await }
    };
    queue
        .run(
            move |batch| {
                let sender = sender.clone();
                async move {
                    for message in batch {
                        sender.send((message.id, message.body)).unwrap();
                    }
                    Vec::new()
                }
            },
            settled,
        )
        .await;
    let mut messages = Vec::new();
    while let Ok(message) = receiver.try_recv() {
        messages.push(message);
    }
    messages.sort();
    messages.into_iter().map(|(_, body)| body).collect()
}

/// The status and S3 error code of a request that must fail.
pub(crate) async fn refused<T, E>(request: impl Future<Output = Result<T, SdkError<E>>>) -> (u16, String)
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = request.await.unwrap_err();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.as_service_error().and_then(|error| error.code()).unwrap_or_default().to_owned();
    (status.unwrap_or_else(|| panic!("no answer: {error:?}")), code)
}

pub(crate) fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A request by hand: its whole answer as text.
pub(crate) async fn raw(server: &Server, method: &str, target: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        server.address(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Path and query of a URL.
pub(crate) fn target(url: &str) -> &str {
    let rest = url.strip_prefix("http://").unwrap();
    &rest[rest.find('/').unwrap()..]
}
