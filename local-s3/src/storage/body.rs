use std::ops::Range;
use std::sync::Arc;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom, Take};
use tokio_util::io::ReaderStream;

use super::incoming::BUFFER;
use super::{Bucket, Fault, Object, Store};
use crate::Error;

/// An object with its bytes open for reading, whatever happens to its key meanwhile.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) object: Arc<Object>,
    file: File,
}

impl Store {
    /// Opens the version to read: the newest, or the one named.
    pub(crate) async fn open_object(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
    ) -> Result<Opened, Fault> {
        loop {
            let object = bucket.find(key, version)?;
            let path = self.layout.data(bucket.name(), key, object.sequence);
            match File::open(&path).await {
                Ok(file) => return Ok(Opened { object, file }),
                // Replaced or removed between the look into the index and the opening: look again.
                Err(error)
                    if error.kind() == std::io::ErrorKind::NotFound
                        && !bucket.find(key, version).is_ok_and(|now| now.sequence == object.sequence) => {}
                Err(error) => return Err(Error::io("read", &path)(error).into()),
            }
        }
    }
}

impl Opened {
    /// The bytes of `range`, which must lie within the object.
    pub(crate) async fn stream(mut self, range: Range<u64>) -> Result<ReaderStream<Take<File>>, Fault> {
        if range.start > 0 {
            let sought = self.file.seek(SeekFrom::Start(range.start)).await;
            sought
                .map_err(|error| Fault::Internal(format!("cannot seek in {:?}: {error}", self.object.key)))?;
        }
        Ok(ReaderStream::with_capacity(self.file.take(range.end - range.start), BUFFER))
    }
}
