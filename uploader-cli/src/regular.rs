//! Opens regular files only. To open a pipe blocks until somebody writes to it, and a device has no end.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Opens the file at `path` for reading.
///
/// # Errors
///
/// Fails if it cannot be opened, or is no regular file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Of a pipe, this open returns at once. It changes nothing for regular files.
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    match kind(&file.metadata()?) {
        Some(kind) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, not a file"))),
        None => Ok(file),
    }
}

/// Returns what it is, with an article, if it is neither a regular file nor a folder.
pub(crate) fn special(path: &Path) -> Option<&'static str> {
    let metadata = std::fs::metadata(path).ok()?;
    if metadata.is_dir() { None } else { kind(&metadata) }
}

fn kind(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        return None;
    }
    if metadata.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return Some(PIPE);
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

/// A named or unnamed pipe.
pub(crate) const PIPE: &str = "a pipe";

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pipes_sockets_devices_and_folders_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket) = (folder.path().join("p.jpg"), folder.path().join("s.jpg"));
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, expected) in [
            (pipe.as_path(), Some("a pipe")),
            (&socket, Some("a socket")),
            (Path::new("/dev/zero"), Some("a device")),
            (folder.path(), None),
        ] {
            assert_eq!(special(path), expected, "{path:?}");
            assert!(open(path).is_err(), "{path:?}");
        }
        std::fs::write(folder.path().join("a"), b"x").unwrap();
        assert_eq!(special(&folder.path().join("a")), None);
        assert!(open(&folder.path().join("a")).is_ok());
        assert_eq!(special(&folder.path().join("absent")), None);
    }
}
