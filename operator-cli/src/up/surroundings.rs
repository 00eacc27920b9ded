//! What AWS would be: buckets, a queue, and the function it calls.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread::available_parallelism;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use cli_support::{Announcement, LocalServer, escape};
use local_s3::{Bucket, Message, Queue, QueueSettings, Server, failed_ids, sqs_event};
use manifest::DerivedPlace;
use thumbnailer::{Config, Outcome, Thumbnailer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::cli;
use crate::report::print_lines;

pub(crate) const ORIGINALS: &str = "originals";
pub(crate) const DERIVED: &str = "derived";
const REGION: &str = "us-east-1";

/// Where the function puts what it makes.
pub(crate) fn derived() -> DerivedPlace {
    DerivedPlace::of_bucket(DERIVED)
}

/// A running S3 with the function behind its queue.
pub(crate) struct Surroundings {
    pub(crate) s3: Client,
    pub(crate) queue: Queue,
    server: Server,
    stop: oneshot::Sender<()>,
    deliveries: JoinHandle<()>,
    /// Tells `uploader --local` of this server until it ends.
    _announcement: Option<Announcement>,
}

impl Surroundings {
    /// Starts the server and lets its queue call the handler, which tells its outcomes to the receiver.
    pub(crate) async fn start(
        args: &cli::Up,
        config: Config,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Outcome>)> {
        let mut builder = Server::builder();
        for origin in &args.allowed_origins {
            builder = builder.allow_origin(origin.clone());
        }
        for host in &args.allowed_hosts {
            builder = builder.allow_host(host);
        }
        let server = builder
            .data_dir(&args.data)
            .listen(SocketAddr::new(args.listen, args.s3_port))
            .credentials(&args.access_key, &args.secret_key)
            .region(REGION)
            .bucket(Bucket::new(ORIGINALS).notify(true))
            .bucket(Bucket::new(DERIVED).versioned(true).public_read(true))
            .queue(queue_settings())
            .start()
            .await?;
        let announcement = announce(&server, args);
        let s3 = client(&server.endpoint_url(), &args.access_key, &args.secret_key);
        let (told, outcomes) = mpsc::unbounded_channel();
        let thumbnailer = Thumbnailer::new(s3.clone(), config).on_outcome(move |outcome| {
            // Nobody listens any more once the program is ending.
            let _ = told.send(outcome.clone());
        });
        let queue = server.queue();
        let (stop, stopped) = oneshot::channel::<()>();
        let deliveries = tokio::spawn({
            let queue = queue.clone();
            async move {
                let deliver = move |batch| {
                    let thumbnailer = thumbnailer.clone();
                    async move { deliver(&thumbnailer, batch).await }
                };
                let stopped = async {
                    let _ = stopped.await;
                };
                queue.run(deliver, stopped).await;
            }
        });
        Ok((Self { s3, queue, server, stop, deliveries, _announcement: announcement }, outcomes))
    }

    /// Ends in good order: what is being worked on is finished, what waits stays in the queue.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.deliveries.await {
            cli_support::tell(format_args!("the queue ended with a fault: {error}"));
        }
        self.server.stop().await;
    }

    /// Says how to use it.
    pub(crate) fn introduce(&self, args: &cli::Up) {
        let endpoint = self.server.endpoint_url();
        let credentials =
            format!("AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}", args.access_key, args.secret_key);
        let text = format!(
            "S3 at {endpoint}, region {REGION}: upload to bucket {ORIGINALS}, find renditions in bucket {DERIVED}\n\
             and in {data}/{DERIVED}.\n\n  \
             export {credentials} AWS_REGION={REGION}\n  \
             aws --endpoint-url {endpoint} s3 cp photo.jpg s3://{ORIGINALS}/\n  \
             uploader put photo.jpg --local\n\n\
             Ctrl-C stops it.\n",
            data = escape(&args.data.display().to_string()),
        );
        if args.json {
            cli_support::tell_lines(text.trim_end());
        } else {
            print_lines(&text);
        }
    }
}

/// Tells programs on this computer how to use `server`. That it cannot be written down is no reason to end.
fn announce(server: &Server, args: &cli::Up) -> Option<Announcement> {
    let mut address = server.address();
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    let local = LocalServer {
        endpoint: format!("http://{address}"),
        region: REGION.to_owned(),
        access_key: args.access_key.clone(),
        secret_key: args.secret_key.clone(),
        originals: ORIGINALS.to_owned(),
        derived: DERIVED.to_owned(),
    };
    let folder = cli_support::state_folder(|name| std::env::var(name).ok())?;
    local
        .announce(&folder)
        .inspect_err(|error| {
            cli_support::tell(format_args!(
                "warning: `uploader --local` will not find this server: cannot write to {}: {error}",
                folder.display()
            ));
        })
        .ok()
}

fn queue_settings() -> QueueSettings {
    QueueSettings {
        // A restart makes messages visible at once, so that this only has to outlast the slowest picture.
        visibility_timeout: Duration::from_secs(15 * 60),
        batch_size: 1,
        // Each worker may take all that the limits allow a picture, which on a machine of many cores is more
        // memory than there is; four keep up with any one person's uploads.
        concurrency: available_parallelism().map_or(1, usize::from).min(4),
        ..QueueSettings::default()
    }
}

fn client(endpoint: &str, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "command line"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// Hands a batch to the handler as Lambda does for SQS, and answers the ids that failed.
async fn deliver(thumbnailer: &Thumbnailer, batch: Vec<Message>) -> Vec<String> {
    match thumbnailer.handle(sqs_event(&batch, REGION), None).await {
        Ok(response) => failed_ids(&response),
        Err(error) => {
            cli_support::tell(format_args!("a batch failed: {error}"));
            batch.into_iter().map(|message| message.id).collect()
        }
    }
}
