use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{Fault, Layout, files};
use crate::Error;
use crate::checksum::{Algorithm, Checksums, Hasher};

/// Bytes that go to the disk at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// A body that lies complete and synced in a temporary file, not yet part of any object. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Incoming {
    path: PathBuf,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = files::remove(&self.path);
    }
}

impl Incoming {
    /// Takes a body of at most `limit` bytes to disk, hashing it on the way; memory use does not depend on its length.
    pub(crate) async fn receive<S, E>(
        layout: &Layout,
        mut body: S,
        algorithms: impl IntoIterator<Item = Algorithm>,
        limit: u64,
    ) -> Result<Self, Fault>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut incoming = Self::empty(layout);
        let mut hasher = Hasher::new(algorithms);
        let path = incoming.path.clone();
        let file = tokio::fs::OpenOptions::from(files::owner_only())
            .create_new(true)
            .open(&path)
            .await
            .map_err(Error::io("create", &path))?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_body(&*error.into()))?;
            incoming.size += chunk.len() as u64;
            if incoming.size > limit {
                return Err(Fault::TooLarge(limit));
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(Error::io("write", &path))?;
        }
        file.flush().await.map_err(Error::io("write", &path))?;
        file.get_ref().sync_all().await.map_err(Error::io("write", &path))?;
        (incoming.md5, incoming.checksums) = hasher.finish();
        Ok(incoming)
    }

    /// Joins files into one. Their checksums are known already, so nothing is hashed and the kernel may copy.
    pub(super) fn join(layout: &Layout, parts: &[PathBuf]) -> Result<Self, Fault> {
        let mut incoming = Self::empty(layout);
        let mut file = files::create(&incoming.path).map_err(Error::io("create", &incoming.path))?;
        for part in parts {
            let mut source = std::fs::File::open(part).map_err(Error::io("read", part))?;
            incoming.size +=
                std::io::copy(&mut source, &mut file).map_err(Error::io("write", &incoming.path))?;
        }
        file.sync_all().map_err(Error::io("write", &incoming.path))?;
        Ok(incoming)
    }

    fn empty(layout: &Layout) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        Self { path: layout.tmp().join(name), size: 0, md5: [0; 16], checksums: Checksums::new() }
    }

    /// The MD5 in hex: an ETag.
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }

    /// Moves the file to where it belongs, and makes it read-only: the view shows it to people, who may have an
    /// editor open.
    pub(super) fn place(self, path: &Path) -> Result<(), Error> {
        let protect = || {
            let mut permissions = std::fs::metadata(&self.path)?.permissions();
            permissions.set_readonly(true);
            std::fs::set_permissions(&self.path, permissions)
        };
        protect().map_err(Error::io("write-protect", &self.path))?;
        std::fs::rename(&self.path, path).map_err(Error::io("write", path))
    }
}

/// What a failing body means. `s3s` verifies payload hashes and chunk signatures inside the body's stream and keeps
/// its error types private, so their names are looked for in the text, through all causes.
pub(crate) fn broken_body(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Fault {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&next.to_string());
        cause = next.source();
    }
    if text.contains("Sha256Mismatch") {
        Fault::PayloadHash
    } else if text.contains("SignatureMismatch") {
        Fault::ChunkSignature
    } else {
        Fault::IncompleteBody
    }
}
