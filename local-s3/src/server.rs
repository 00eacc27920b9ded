use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::line::Line;
use crate::requests::Counter;
use crate::storage::{Fault, Layout, Store, files};
use crate::wire::Wire;
use crate::{Builder, Error, Queue, RequestCounts};

/// How long [`Server::stop`] waits for requests that are under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running S3 server. Dropping it stops accepting connections; [`Server::stop`] also waits for open requests.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    store: Arc<Store>,
    queue: Queue,
    counter: Counter,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    lock: File,
}

impl Server {
    /// Settings to change and then [`Builder::start`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(builder: Builder) -> Result<Self, Error> {
        // The port first: a second copy should hear of the port before it hears of the directory.
        let listener = listen(builder.listen).await?;
        let address =
            listener.local_addr().map_err(|source| Error::Listen { address: builder.listen, source })?;
        let settings = builder.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let layout = Layout::create(&settings.data_dir)?;
            let lock = lock(&layout)?;
            let (store, queue) = Store::open(
                layout,
                &settings.region,
                &settings.buckets,
                settings.queue,
                settings.event_faults,
            )?;
            Ok((lock, store, queue))
        });
        let (lock, store, queue) = match opened.await {
            Ok(opened) => opened?,
            Err(error) => {
                return Err(Error::io("open", &builder.data_dir)(io::Error::other(error)));
            }
        };
        let counter = Counter::default();
        let wire = Wire::new(Arc::clone(&store), &builder, address, &counter);
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, wire, builder.stall_timeout, stopped));
        tracing::debug!(%address, data = %builder.data_dir.display(), "S3 is listening");
        Ok(Self { address, store, queue, counter, stop, accepting, lock })
    }

    /// The address listened on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What S3 clients take as their endpoint: `http://ADDRESS:PORT`. Buckets are the first segment of the path.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The queue that the events of notifying buckets go to.
    pub fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// How often each operation was asked for so far.
    pub fn requests(&self) -> RequestCounts {
        self.counter.snapshot()
    }

    /// Removes every noncurrent version and delete marker of `bucket`, as a lifecycle rule would in time, and sends a
    /// `LifecycleExpiration:Delete` event for each if the bucket notifies. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], and [`Error::Io`] if one cannot be removed; it and those after it stay.
    pub async fn expire_noncurrent(&self, bucket: &str) -> Result<usize, Error> {
        let found = match self.store.bucket(bucket) {
            Ok(found) => self.store.expire_noncurrent(&found).await,
            Err(fault) => Err(fault),
        };
        found.map_err(|fault| match fault {
            Fault::NoSuchBucket => Error::NoSuchBucket(bucket.to_owned()),
            Fault::Disk(error) => error,
            other => {
                Error::io("expire versions in", self.store.layout().store(bucket))(io::Error::other(other))
            }
        })
    }

    /// Stops accepting, lets open requests end (for ten seconds at most) and writes the state down.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.accepting).await {
            tracing::error!(%error, "the accepting task failed");
        }
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the state could not be written down; the next start will cope")
            }
            Err(error) => {
                tracing::error!(%error, "the state could not be written down; the next start will cope")
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // Open connections may outlive us a little; another server may have the directory at once nevertheless.
        let _ = self.lock.unlock();
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse(address),
        _ => Error::Listen { address, source },
    })
}

/// Takes the data directory for this process; the operating system gives it back however the process ends.
fn lock(layout: &Layout) -> Result<File, Error> {
    let path = layout.lock();
    let file =
        files::owner_only().create(true).truncate(false).open(&path).map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked(layout.root().to_path_buf())),
        Err(std::fs::TryLockError::Error(source)) => {
            Err(Error::io("lock", AsRef::<Path>::as_ref(&path))(source))
        }
    }
}

async fn accept(
    listener: TcpListener,
    wire: Wire,
    stall_timeout: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: those in use will be given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let line = Line::new(stream);
        let service = wire.for_line(peer.ip(), line.end(), stopped.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            // Also the limit for a connection that waits for its next request.
            .header_read_timeout(stall_timeout)
            .serve_connection(TokioIo::new(line), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were left behind");
    }
}
