//! What lies under a key already.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as Crc64};
use md5::{Digest, Md5};

use super::parts::Cut;
use super::{Transfers, attempt};
use crate::failure::Failure;
use crate::regular;
use crate::store::Store;
use crate::words;

/// An object of the originals bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Present {
    /// Without quotation marks.
    pub(crate) etag: String,
    /// Where the bucket has versions.
    pub(crate) version_id: Option<String>,
    pub(crate) bytes: u64,
    /// CRC-64/NVME of the whole, base64, where S3 knows it.
    pub(crate) crc64nvme: Option<String>,
    /// The author's own, without `x-amz-meta-`.
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) media_type: Option<String>,
}

impl Present {
    /// What lies under `key`; `None` if nothing does, or if we may not know.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of S3.
    pub(crate) async fn find(store: &Store, key: &str) -> Result<Option<Self>, Failure> {
        Self::of(ask(&store.client, &store.originals, key).await, store, key).await
    }

    /// The same, for as long as it takes: what was sent must not be given up for one lost answer.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of S3.
    pub(super) async fn find_in_any_case(all: &Transfers, key: &str) -> Result<Option<Self>, Failure> {
        let store = &all.store;
        let answer = attempt::again(&all.pace, all.patience, async |_| {
            ask(&store.sender, &store.originals, key).await
        });
        Self::of(answer.await, store, key).await
    }

    async fn of(
        answer: Result<HeadObjectOutput, SdkError<HeadObjectError>>,
        store: &Store,
        key: &str,
    ) -> Result<Option<Self>, Failure> {
        match answer {
            Ok(head) => Ok(Some(Self {
                etag: head.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                version_id: named(head.version_id()),
                bytes: head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
                crc64nvme: head.checksum_crc64_nvme().filter(|crc| is_of_whole(crc)).map(str::to_owned),
                metadata: head.metadata().cloned().unwrap_or_default(),
                media_type: head.content_type().map(str::to_owned),
            })),
            Err(SdkError::ServiceError(context)) if context.raw().status().as_u16() == 404 => Ok(None),
            Err(error) => {
                let failure = words::of_head(store, &store.originals, key, &error).await;
                // Without s3:ListBucket, S3 answers 403 for a key that does not exist.
                let hidden = matches!(failure.code.as_str(), "AccessDenied" | "NoSuchKey" | "HTTP 403");
                if hidden { Ok(None) } else { Err(failure) }
            }
        }
    }

    /// What a listing says: nothing but bytes and etag.
    pub(crate) fn listed(bytes: u64, etag: &str) -> Self {
        Self {
            etag: etag.to_owned(),
            version_id: None,
            bytes,
            crc64nvme: None,
            metadata: HashMap::new(),
            media_type: None,
        }
    }

    /// Whether it has the bytes of the file at `path`, which we would send in parts of `part` bytes. Reads the file only
    /// if the sizes are the same.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn holds(&self, path: &Path, bytes: u64, part: u64) -> io::Result<bool> {
        if self.bytes != bytes {
            return Ok(false);
        }
        let mut file = regular::open(path)?;
        if let Some(theirs) = &self.crc64nvme {
            let mut crc = Crc64::new(CrcAlgorithm::Crc64Nvme);
            each_chunk(&mut file, |chunk| crc.update(chunk))?;
            return Ok(*theirs == STANDARD.encode(crc.finalize().to_be_bytes()));
        }
        // Of what was put in one piece and lies unencrypted or under S3's own keys, the etag is the MD5.
        if self.etag.len() == 32 {
            let mut md5 = Md5::new();
            each_chunk(&mut file, |chunk| md5.update(chunk))?;
            return Ok(self.etag == hex::encode(md5.finalize()));
        }
        // And of what was put together from parts, the MD5 of their MD5s. With another cut it is just not known again.
        let cut = Cut::new(bytes, part);
        if self.etag.ends_with(&format!("-{}", cut.count())) {
            let mut etags = Vec::new();
            for number in 1..=cut.count() {
                let range = cut.range(number);
                let mut md5 = Md5::new();
                each_chunk(&mut (&mut file).take(range.end - range.start), |chunk| md5.update(chunk))?;
                etags.push(hex::encode(md5.finalize()));
            }
            return Ok(etag_of_parts(etags.iter().map(String::as_str)).as_ref() == Some(&self.etag));
        }
        Ok(false)
    }
}

async fn ask(
    client: &Client,
    bucket: &str,
    key: &str,
) -> Result<HeadObjectOutput, SdkError<HeadObjectError>> {
    client.head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled).send().await
}

/// The etag of an object put together from parts with these etags, where S3 makes them of MD5s.
pub(super) fn etag_of_parts<'a>(parts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in parts {
        let digest = hex::decode(etag.trim_matches('"')).ok().filter(|digest| digest.len() == 16)?;
        md5.update(digest);
        count += 1;
    }
    Some(format!("{}-{count}", hex::encode(md5.finalize())))
}

/// Whether a checksum is one of the object's bytes, and not of its parts' checksums, which some servers make of every
/// upload in parts.
pub(super) fn is_of_whole(checksum: &str) -> bool {
    !checksum.contains('-')
}

/// A version's id; a bucket whose versioning is suspended says "null" of what has none.
pub(crate) fn named(version_id: Option<&str>) -> Option<String> {
    version_id.filter(|id| *id != "null").map(str::to_owned)
}

fn each_chunk(file: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_parts_is_the_md5_of_their_md5s() {
        let (a, b) = ("0cc175b9c0f1b6a831c399e269772661", "\"92eb5ffee6ae2fec3ad71c777531578f\"");
        // printf a | md5sum, printf b | md5sum; then: printf '<both>' | xxd -r -p | md5sum
        assert_eq!(etag_of_parts([a, b].into_iter()).as_deref(), Some("96e024ba2074fe77e8e965ba43a704be-2"));
        assert_eq!(etag_of_parts(["not a digest"].into_iter()), None);
    }
}
