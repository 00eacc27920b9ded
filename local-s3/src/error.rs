use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why the server could not start, or could not keep what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program listens on the port.
    #[error(
        "port {} on {} is already in use: is another copy running? Stop it, or choose another port with `--s3-port`",
        .0.port(), .0.ip()
    )]
    PortInUse(SocketAddr),
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address}: {source}; choose another address or port (`--s3-port`)")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another server has the data directory open.
    #[error("the data directory {} is in use by another server: stop it, or choose another directory", .0.display())]
    Locked(PathBuf),
    /// A bucket's name breaks S3's naming rules.
    #[error("{0:?} is no bucket name: use 3 to 63 lower-case letters, digits, dots and hyphens")]
    BucketName(String),
    /// Where a new bucket is to be seen, files lie that the server did not put there.
    #[error(
        "{} already holds a folder `{folder}` that is not ours; choose another data directory (`--data`)",
        dir.display()
    )]
    FolderTaken {
        /// The data directory.
        dir: PathBuf,
        /// The folder in it, named as the bucket.
        folder: String,
    },
    /// A bucket that was asked for by name does not exist.
    #[error("there is no bucket {0:?}: create it first, or check its name")]
    NoSuchBucket(String),
    /// A file or directory of the data directory could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as an infinitive: "read", "create".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the data directory does not hold what it should.
    #[error("{} is damaged ({reason}): move it away, or start with an empty data directory", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was attempted, and where.
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { action, path, source }
    }
}
