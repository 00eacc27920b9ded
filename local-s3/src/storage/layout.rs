use std::path::{Path, PathBuf};

use super::files;
use crate::{Error, event, key};

/// Where everything lies below a data directory.
///
/// ```text
/// DIR/.s3/lock                                       held while a server runs
/// DIR/.s3/sequence                                   a bound above every number handed out
/// DIR/.s3/tmp/                                       bodies on their way in
/// DIR/.s3/buckets/<bucket>.json
/// DIR/.s3/store/<bucket>/<2 hex>/<sha256 of key>/    one folder a key
///     <sequencer>.json                               one version; its existence is the commit
///     <sequencer>.data                               its bytes (none for a delete marker)
/// DIR/.s3/uploads/<upload id>/upload.json
///     <part>.json  <part>-<sequencer>.data           the parts of a multipart upload
/// DIR/.s3/batches/<sequencer>.json                   committed removals that may not be on disk yet
/// DIR/.s3/trash/<sequencer>/                         what they removed, until there is time to delete it
/// DIR/.s3/queue/{staged,ready,dead}/<id>.json        see `queue`
/// DIR/<bucket>/<key>                                 readable view: hard links, never read back
/// ```
///
/// Bucket names cannot start with a dot, so `.s3` meets none of them.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn create(root: &Path) -> Result<Self, Error> {
        let layout = Self { root: root.to_path_buf() };
        for dir in [
            layout.tmp(),
            layout.buckets(),
            layout.uploads(),
            layout.batches(),
            layout.trash(),
            layout.queue(),
        ] {
            files::create_dir_all(&dir)?;
        }
        layout.close_to_others();
        Ok(layout)
    }

    /// Takes away everyone else's access to what an earlier version of the program created.
    ///
    /// The data directory itself is left as it is if it holds other things than ours: it may be a folder that others use.
    #[cfg(unix)]
    fn close_to_others(&self) {
        use std::os::unix::fs::PermissionsExt;
        let is_ours = |entry: &PathBuf| {
            let name = entry.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            name == ".s3" || self.bucket(name).exists()
        };
        let only_ours = files::entries(&self.root).is_ok_and(|entries| entries.iter().all(is_ours));
        let folders = [only_ours.then(|| self.root.clone()), Some(self.private())];
        for folder in folders.into_iter().flatten() {
            let mode = std::fs::metadata(&folder).map(|data| data.permissions().mode() & 0o777);
            if mode.is_ok_and(|mode| mode & 0o077 != 0)
                && let Err(error) = std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700))
            {
                tracing::warn!(%error, folder = %folder.display(), "other users of this computer may read the folder");
            }
        }
    }

    #[cfg(not(unix))]
    fn close_to_others(&self) {}

    fn private(&self) -> PathBuf {
        self.root.join(".s3")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.private().join("lock")
    }

    pub(crate) fn sequence(&self) -> PathBuf {
        self.private().join("sequence")
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.private().join("tmp")
    }

    pub(crate) fn buckets(&self) -> PathBuf {
        self.private().join("buckets")
    }

    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.buckets().join(format!("{bucket}.json"))
    }

    pub(crate) fn store(&self, bucket: &str) -> PathBuf {
        self.private().join("store").join(bucket)
    }

    /// The folder of a key's versions.
    pub(crate) fn versions(&self, bucket: &str, key: &str) -> PathBuf {
        let digest = key::digest(key);
        self.store(bucket).join(&digest[..2]).join(digest)
    }

    pub(crate) fn version(&self, bucket: &str, key: &str, sequence: u64) -> PathBuf {
        self.versions(bucket, key).join(format!("{}.json", event::sequencer(sequence)))
    }

    pub(crate) fn data(&self, bucket: &str, key: &str, sequence: u64) -> PathBuf {
        self.versions(bucket, key).join(format!("{}.data", event::sequencer(sequence)))
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.private().join("uploads")
    }

    pub(crate) fn upload(&self, upload_id: &str) -> PathBuf {
        self.uploads().join(upload_id)
    }

    pub(crate) fn batches(&self) -> PathBuf {
        self.private().join("batches")
    }

    pub(crate) fn trash(&self) -> PathBuf {
        self.private().join("trash")
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.private().join("queue")
    }

    /// The root of a bucket's readable view.
    pub(crate) fn view(&self, bucket: &str) -> PathBuf {
        self.root.join(bucket)
    }
}
