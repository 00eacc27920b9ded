//! How programs on this computer find the server that `thumbnailer up` runs.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

/// The variable that names the folder of what `thumbnailer` writes down between runs.
const STATE_VARIABLE: &str = "THUMBNAILER_STATE";

/// A description is a few hundred bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The data that a client needs to use a running `thumbnailer up`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalServer {
    /// URL of the S3 endpoint.
    pub endpoint: String,
    /// Region that requests are signed for.
    pub region: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
    /// Bucket of the originals.
    pub originals: String,
    /// Bucket of the renditions.
    pub derived: String,
}

/// The file that describes a running server. It disappears with this value.
///
/// The file stays locked while the server runs. So a file that a killed server left behind is known by its missing lock.
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
    _locked: File,
}

/// A reason why no server was found.
#[derive(Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No server runs.
    NoServer,
    /// The state folder is unknown, since there is no home folder.
    NoStateFolder,
    /// The state folder or a file in it could not be read, for this reason.
    Unreadable(PathBuf, String),
}

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoServer => f.write_str("no `thumbnailer up` is running on this computer under this user"),
            Self::NoStateFolder => f.write_str("there is no home folder to look for `thumbnailer up` in"),
            Self::Unreadable(path, why) => write!(f, "{} cannot be read: {why}", path.display()),
        }
    }
}

impl NotFound {
    /// Returns what to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoServer => "Start it in another terminal, then run this command again.".to_owned(),
            Self::NoStateFolder => format!("Set HOME or {STATE_VARIABLE}."),
            Self::Unreadable(..) => "Restart `thumbnailer up`.".to_owned(),
        }
    }
}

impl std::error::Error for NotFound {}

/// Returns the folder of what `thumbnailer` writes down between runs: [`STATE_VARIABLE`]'s, else `thumbnailer` in the user's
/// folder for state (on Windows, for data). `None` without a home folder. It need not exist.
///
/// Source: XDG Base Directory Specification 0.8.
pub fn state_folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(path) = env(STATE_VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("thumbnailer"))
}

impl LocalServer {
    /// Writes the description into `folder`, readable by this user alone.
    ///
    /// # Errors
    ///
    /// Any error of the file system.
    pub fn announce(&self, folder: &Path) -> io::Result<Announcement> {
        create_folder(folder)?;
        let path = folder.join(format!("server-{}.json", std::process::id()));
        let unfinished = path.with_extension("unfinished");
        let _ = fs::remove_file(&unfinished);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.lock()?;
        file.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&unfinished, &path)?;
        Ok(Announcement { path, _locked: file })
    }

    /// Returns the server that runs on this computer; of several, the one that was started last. Removes the files that
    /// killed servers left behind.
    ///
    /// # Errors
    ///
    /// [`NotFound`], in words for the person at the terminal.
    pub fn find(folder: &Path) -> Result<Self, NotFound> {
        let unreadable = |path: &Path| {
            let path = path.to_path_buf();
            move |error: io::Error| NotFound::Unreadable(path, error.to_string())
        };
        let listing = match fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NotFound::NoServer),
            Err(error) => return Err(unreadable(folder)(error)),
        };
        let mut newest: Option<(SystemTime, Self)> = None;
        for entry in listing {
            let path = entry.map_err(unreadable(folder))?.path();
            if !is_announcement(&path) {
                continue;
            }
            if let Some((started, server)) = read(&path).map_err(unreadable(&path))?
                && newest.as_ref().is_none_or(|(other, _)| started > *other)
            {
                newest = Some((started, server));
            }
        }
        newest.map(|(_, server)| server).ok_or(NotFound::NoServer)
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn is_announcement(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("server-") && name.ends_with(".json")
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Reads a description and when its server started. `None` if that server runs no more.
fn read(path: &Path) -> io::Result<Option<(SystemTime, LocalServer)>> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    check_owner(&file)?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
        Ok(()) => {
            let _ = fs::remove_file(path);
            return Ok(None);
        }
    }
    let started = file.metadata()?.modified()?;
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(Some((started, serde_json::from_str(&text)?)))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Refuses a file that another user wrote or can read: they would receive the pictures, or have the keys.
#[cfg(unix)]
fn check_owner(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if data.mode() & 0o077 != 0 {
        return Err(io::Error::other("other users can read or write it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn server(port: u16) -> LocalServer {
        LocalServer {
            endpoint: format!("http://127.0.0.1:{port}"),
            region: "us-east-1".into(),
            access_key: "local".into(),
            secret_key: "locallocal".into(),
            originals: "originals".into(),
            derived: "derived".into(),
        }
    }

    #[test]
    fn a_running_server_is_found_until_it_ends() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/thumbnailer");
        assert!(matches!(LocalServer::find(&folder), Err(NotFound::NoServer)));
        let announcement = server(1).announce(&folder).unwrap();
        assert_eq!(LocalServer::find(&folder).unwrap(), server(1));
        drop(announcement);
        assert!(matches!(LocalServer::find(&folder), Err(NotFound::NoServer)));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_server_left_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let left = home.path().join("server-1.json");
        fs::write(&left, serde_json::to_vec(&server(1)).unwrap()).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&left, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let _running = server(2).announce(home.path()).unwrap();
        assert_eq!(LocalServer::find(home.path()).unwrap(), server(2));
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it_and_links_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let announcement = server(1).announce(&folder).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&announcement.path)), (0o700, 0o600));
        fs::set_permissions(&announcement.path, PermissionsExt::from_mode(0o644)).unwrap();
        let error = LocalServer::find(&folder).unwrap_err().to_string();
        assert!(error.contains("other users can read"), "{error}");
        fs::set_permissions(&announcement.path, PermissionsExt::from_mode(0o600)).unwrap();

        let other = home.path().join("other");
        fs::create_dir(&other).unwrap();
        symlink(&announcement.path, other.join("server-2.json")).unwrap();
        assert!(matches!(LocalServer::find(&other), Err(NotFound::Unreadable(..))));
    }
}
