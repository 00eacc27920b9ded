use crate::Error;

/// Why the storage did not do what it was asked. The wire knows S3's name for each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the bucket does not exist")]
    NoSuchBucket,
    #[error("the bucket exists already")]
    BucketExists,
    #[error("the bucket still holds objects or versions")]
    BucketNotEmpty,
    #[error("the key does not exist")]
    NoSuchKey,
    /// The newest version, or the one asked for, is a delete marker.
    #[error("the key is deleted")]
    DeleteMarker { version_id: String, asked_for: bool, last_modified_ms: u64 },
    #[error("the version does not exist")]
    NoSuchVersion,
    #[error("the upload does not exist: it was completed or aborted, or its id is wrong")]
    NoSuchUpload,
    #[error("at least one of the pre-conditions did not hold")]
    PreconditionFailed,
    #[error("{0}")]
    InvalidPart(String),
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    #[error("part {0} is smaller than 5 MiB and not the last")]
    PartTooSmall(u32),
    #[error("the object is larger than the {0} bytes allowed")]
    TooLarge(u64),
    #[error("the {0} you specified did not match the calculated checksum")]
    BadDigest(&'static str),
    #[error("the body ended early or is longer than its length says")]
    IncompleteBody,
    #[error("the body's SHA-256 does not match x-amz-content-sha256")]
    PayloadHash,
    #[error("the signature of a chunk of the body does not match")]
    ChunkSignature,
    #[error("{0}")]
    InvalidRequest(String),
    #[error("internal fault: {0}")]
    Internal(String),
    #[error(transparent)]
    Disk(#[from] Error),
}
