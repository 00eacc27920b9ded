use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::{Error, EventFaults, Faults, QueueSettings, Server, WebOrigin};

/// A bucket that shall exist when the server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub(crate) name: String,
    pub(crate) versioned: bool,
    pub(crate) notify: bool,
    pub(crate) public_read: bool,
}

impl Bucket {
    /// An unversioned bucket that tells nobody of its changes and shows them only to signed requests.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), versioned: false, notify: false, public_read: false }
    }

    /// Whether to keep versions. `true` turns versioning on at every start; `false` leaves an existing bucket as it is.
    pub fn versioned(mut self, yes: bool) -> Self {
        self.versioned = yes;
        self
    }

    /// Whether anyone may GET and HEAD objects without a signature, as a CDN lets readers. Not stored: it holds for this
    /// run.
    pub fn public_read(mut self, yes: bool) -> Self {
        self.public_read = yes;
        self
    }

    /// Whether completed writes and removals send an event to the queue. Not stored: it holds for this run.
    pub fn notify(mut self, yes: bool) -> Self {
        self.notify = yes;
        self
    }
}

/// What a [`Server`] shall be like. Made by [`Server::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) data_dir: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) hide_missing_keys: bool,
    pub(crate) stall_timeout: Duration,
    pub(crate) queue: QueueSettings,
    pub(crate) faults: Option<Faults>,
    pub(crate) event_faults: Option<EventFaults>,
    pub(crate) allowed_origins: Vec<WebOrigin>,
    pub(crate) any_origin: bool,
    pub(crate) allowed_hosts: Vec<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(".thumbnailer"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9000)),
            access_key: "local".into(),
            secret_key: "locallocal".into(),
            region: "us-east-1".into(),
            buckets: Vec::new(),
            hide_missing_keys: false,
            stall_timeout: Duration::from_secs(60),
            queue: QueueSettings::default(),
            faults: None,
            event_faults: None,
            allowed_origins: Vec::new(),
            any_origin: false,
            allowed_hosts: Vec::new(),
        }
    }
}

impl Builder {
    /// Where objects and queue lie. Default `.thumbnailer`. Created if absent; one server at a time.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = dir.into();
        self
    }

    /// The address to listen on. Default `127.0.0.1:9000`; port 0 takes any free port.
    ///
    /// The wire is plain HTTP: an address that others can reach is the caller's decision.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The one key pair whose signatures are accepted. Default `local` and `locallocal`.
    pub fn credentials(mut self, key: &str, secret: &str) -> Self {
        self.access_key = key.into();
        self.secret_key = secret.into();
        self
    }

    /// The region the buckets say they are in. Default `us-east-1`. Requests signed for another one are accepted.
    pub fn region(mut self, region: &str) -> Self {
        self.region = region.into();
        self
    }

    /// A bucket to create at start if it is absent. May be called several times.
    pub fn bucket(mut self, bucket: Bucket) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// Answer 403 `AccessDenied` instead of 404 for missing keys on GET and HEAD, as S3 does for callers without
    /// `s3:ListBucket`.
    pub fn hide_missing_keys(mut self, yes: bool) -> Self {
        self.hide_missing_keys = yes;
        self
    }

    /// Sets the time after which the server gives up on a client that sends nothing. Default 60 seconds.
    ///
    /// A request whose body stalls is answered with `RequestTimeout` and leaves nothing behind. A connection whose
    /// request's head does not arrive in this time is closed; so is one that stays idle after a request.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.stall_timeout = limit;
        self
    }

    /// How the queue delivers.
    pub fn queue(mut self, settings: QueueSettings) -> Self {
        self.queue = settings;
        self
    }

    /// Accepts signed requests that pages of `origin` send, and lets them read the answers. May be called several times.
    ///
    /// Without it, a request of a web page is refused if the page is of another origin, except GET and HEAD of an
    /// object in a public bucket: on a laptop the key pair is hardly a secret. Programs other than browsers are not affected.
    pub fn allow_origin(mut self, origin: WebOrigin) -> Self {
        self.allowed_origins.push(origin);
        self
    }

    /// Accepts requests of pages of every origin, as S3 does: then the key pair alone protects the objects.
    pub fn any_origin(mut self, yes: bool) -> Self {
        self.any_origin = yes;
        self
    }

    /// Accepts requests whose `Host` is `name`, with any port. May be called several times.
    ///
    /// Without it, `Host` must be a loopback name or address or the address listened on, with the port.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// What goes wrong with requests and answers, on purpose. Default: nothing.
    ///
    /// [`Server::requests`] counts only what got past it.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// What goes wrong with events on their way into the queue, on purpose. Default: nothing, in order of sending.
    pub fn event_faults(mut self, faults: EventFaults) -> Self {
        self.event_faults = Some(faults);
        self
    }

    /// Opens the data directory, finishes what an earlier run left unfinished, and listens.
    ///
    /// # Errors
    ///
    /// [`Error::PortInUse`] and [`Error::Listen`] for the address, [`Error::Locked`] if another server uses the data
    /// directory, [`Error::BucketName`], [`Error::FolderTaken`] if files that are not ours lie in a new bucket's folder, and [`Error::Io`] or [`Error::Damaged`] for what lies there.
    pub async fn start(self) -> Result<Server, Error> {
        Server::start(self).await
    }
}
