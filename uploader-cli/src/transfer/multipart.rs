//! A file in parts, which a later run goes on with.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::complete_multipart_upload::{
    CompleteMultipartUploadError, CompleteMultipartUploadOutput,
};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, MultipartUpload,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::journal::{Arrived, Journal, Plan, Unavailable};
use super::parts::{Cut, LARGEST_OBJECT};
use super::present::{etag_of_parts, is_of_whole};
use super::{
    Buffers, CHUNK, Crc, Flow, HELD, Present, Sent, Stamp, Transfer, Transfers, attempt, blocking, changed,
    mixed_up, named, unreadable,
};
use crate::failure::Failure;
use crate::regular;
use crate::store::Store;

/// How often an upload that the server has lost is begun anew.
const RESTARTS: u32 = 2;

/// Parts that are read, sent or waiting for their turn at once.
const UNDERWAY: usize = 32;

/// How far the server's clock may be behind ours, in seconds, for an upload of ours to be recognised.
const SKEW: u64 = 300;

/// Why an upload came to nothing.
enum Broken {
    /// The server has it no more, or takes it no more: another may go well.
    Gone(Failure),
    Failed(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// One upload on the server and what it is of.
struct Upload<'a> {
    all: &'a Transfers,
    transfer: &'a Transfer<'a>,
    cut: Cut,
    id: String,
    /// What the server says it has, by number.
    listed: BTreeMap<u32, Listed>,
    journal: Mutex<Option<Journal>>,
}

/// A part that lies on the server.
struct Listed {
    bytes: u64,
    etag: String,
    crc64nvme: Option<String>,
}

/// A part that is settled.
struct Settled {
    number: u32,
    etag: String,
    crc: Crc,
}

pub(super) async fn send(all: &Transfers, transfer: &Transfer<'_>) -> Result<Sent, Failure> {
    if transfer.stamp.bytes > LARGEST_OBJECT {
        let message = format!(
            "the file has {} bytes, more than the {LARGEST_OBJECT} of an object",
            transfer.stamp.bytes
        );
        return Err(Failure::new("EntityTooLarge", message, "Split it, or make it smaller."));
    }
    let mut restarts = 0;
    loop {
        match Upload::open(all, transfer).await?.run().await {
            Ok(sent) => return Ok(sent),
            Err(Broken::Gone(_)) if restarts < RESTARTS => restarts += 1,
            Err(Broken::Gone(failure) | Broken::Failed(failure)) => return Err(failure),
        }
    }
}

impl<'a> Upload<'a> {
    /// The upload that an earlier run left, else a new one.
    async fn open(all: &'a Transfers, transfer: &'a Transfer<'a>) -> Result<Self, Failure> {
        let cut = Cut::new(transfer.stamp.bytes, all.part_bytes);
        let mut journal = journal(all, transfer)?;
        let mut resumed = None;
        if let Some(journal) = &mut journal {
            let plan = plan(all, transfer, cut);
            resumed = resume(all, journal, &plan).await?;
            if resumed.is_none() {
                journal.begin(plan, now()).map_err(|error| unwritable(&error))?;
            }
        }
        let (id, listed) = match resumed {
            Some(resumed) => resumed,
            None => {
                let id = create(all, transfer).await?;
                if let Some(journal) = &mut journal {
                    journal.uploading(&id).map_err(|error| unwritable(&error))?;
                }
                (id, BTreeMap::new())
            }
        };
        if !listed.is_empty() {
            transfer.meter.resuming(listed.values().map(|part| part.bytes).sum());
        }
        Ok(Self { all, transfer, cut, id, listed, journal: Mutex::new(journal) })
    }

    async fn run(self) -> Result<Sent, Broken> {
        let parts = futures::stream::iter(1..=self.cut.count()).map(|number| self.part(number));
        let mut parts: Vec<Settled> = parts.buffer_unordered(UNDERWAY).try_collect().await?;
        parts.sort_unstable_by_key(|part| part.number);
        let now = blocking({
            let path = self.transfer.file.to_owned();
            move || std::fs::metadata(path)
        });
        if Stamp::of(&now.await.map_err(|error| unreadable(&error))?) != self.transfer.stamp {
            self.abort().await;
            return Err(changed().into());
        }
        let sent = self.complete(&parts).await?;
        self.close();
        Ok(sent)
    }

    /// Sends part `number`, unless the server has it.
    async fn part(&self, number: u32) -> Result<Settled, Broken> {
        let range = self.cut.range(number);
        let length = range.end - range.start;
        let held = length <= HELD;
        let _room = self.all.room(if held { length } else { CHUNK as u64 }).await;
        let (bytes, crc) = read(self.transfer.file, range.clone(), held, &self.all.buffers)
            .await
            .map_err(|error| shortened(&error))?;
        if let Some(etag) = self.settled(number, length, crc) {
            self.transfer.meter.gone(length);
            return Ok(Settled { number, etag, crc });
        }

        let turn = self.all.pace.turn().await;
        let (store, ours) = (&self.all.store, crc.base64());
        let answer = attempt::again(&self.all.pace, self.all.patience, async |_| {
            let flow = Flow::new(&self.transfer.meter);
            let body = match &bytes {
                Some(bytes) => ByteStream::new(self.all.body(bytes, &flow)),
                None => streamed(self.transfer.file, &range).await.map_err(SdkError::construction_failure)?,
            };
            let request = store.sender.upload_part().bucket(&store.originals).key(self.transfer.key);
            let answer = request
                .upload_id(&self.id)
                .part_number(i32::try_from(number).unwrap_or(i32::MAX))
                .content_length(i64::try_from(length).unwrap_or(i64::MAX))
                .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
                .checksum_crc64_nvme(&ours)
                .body(body)
                .send()
                .await?;
            flow.arrived(length);
            Ok(answer)
        })
        .await
        .map_err(|error| self.broken(&error))?;
        turn.sent(length);

        if let Some(theirs) = answer.checksum_crc64_nvme().filter(|theirs| *theirs != ours) {
            return Err(mixed_up(theirs, &ours).into());
        }
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        if let Some(journal) = self.lock().as_mut() {
            let arrived = Arrived { etag: etag.clone(), crc64nvme: ours };
            journal.arrived(number, &arrived).map_err(|error| unwritable(&error))?;
        }
        Ok(Settled { number, etag, crc })
    }

    /// The etag of part `number` if the server has just these bytes of it.
    fn settled(&self, number: u32, length: u64, crc: Crc) -> Option<String> {
        let listed = self.listed.get(&number).filter(|listed| listed.bytes == length)?;
        let ours = crc.base64();
        let same = match &listed.crc64nvme {
            Some(theirs) => *theirs == ours,
            None => {
                self.lock().as_ref()?.part(number)? == &Arrived { etag: listed.etag.clone(), crc64nvme: ours }
            }
        };
        same.then(|| listed.etag.clone())
    }

    async fn complete(&self, parts: &[Settled]) -> Result<Sent, Broken> {
        let store = &self.all.store;
        let ours = parts.iter().map(|part| part.crc).fold(Crc::EMPTY, Crc::then).base64();
        let named_parts = parts.iter().map(|part| {
            CompletedPart::builder()
                .part_number(i32::try_from(part.number).unwrap_or(i32::MAX))
                .e_tag(&part.etag)
                .checksum_crc64_nvme(part.crc.base64())
                .build()
        });
        let named_parts = CompletedMultipartUpload::builder().set_parts(Some(named_parts.collect())).build();
        let mut answer = self.complete_with(&named_parts, Some(&ours)).await;
        // Servers other than Amazon's may take the checksum for one of the parts' checksums. The parts are checked all
        // the same, and the etag then says whether they were put together right.
        let mut by_etag = None;
        let unknown = |code| matches!(code, Some("BadDigest" | "InvalidRequest" | "NotImplemented"));
        if store.endpoint.is_some() && answer.as_ref().is_err_and(|error| unknown(error.code())) {
            answer = self.complete_with(&named_parts, None).await;
            by_etag = etag_of_parts(parts.iter().map(|part| part.etag.as_str()));
        }
        let error = match answer {
            Ok(answer) => {
                let etag = answer.e_tag().unwrap_or_default().trim_matches('"').to_owned();
                let theirs = answer.checksum_crc64_nvme().filter(|theirs| is_of_whole(theirs));
                if let Some(theirs) = theirs.filter(|theirs| **theirs != *ours) {
                    return Err(mixed_up(theirs, &ours).into());
                }
                if let Some(expected) = by_etag.filter(|expected| *expected != etag) {
                    return Err(mixed_up(&etag, &expected).into());
                }
                return Ok(Sent { etag, version_id: named(answer.version_id()), crc64nvme: Some(ours) });
            }
            Err(error) => error,
        };
        // Whatever it says, an earlier attempt may have done it and its answer been lost.
        if let Some(present) = Present::find_in_any_case(self.all, self.transfer.key).await?
            && self.is_ours(&present, &ours, parts)
        {
            return Ok(Sent { crc64nvme: Some(ours), ..present.into() });
        }
        match error.code() {
            Some("PreconditionFailed") => {
                self.abort().await;
                Err(self.transfer.taken(store).into())
            }
            // S3 ends an upload whose conditional completion met another write; a part that it doesn't know was
            // replaced by somebody else's.
            Some("ConditionalRequestConflict" | "InvalidPart" | "InvalidPartOrder") => {
                self.abort().await;
                Err(Broken::Gone(Failure::of_request(&error, &store.originals, store)))
            }
            _ => Err(self.broken(&error)),
        }
    }

    /// Asks for the parts to be put together, with the `checksum` of the whole if that is given.
    async fn complete_with(
        &self,
        parts: &CompletedMultipartUpload,
        checksum: Option<&String>,
    ) -> Result<CompleteMultipartUploadOutput, SdkError<CompleteMultipartUploadError>> {
        let store = &self.all.store;
        let answer = attempt::again(&self.all.pace, self.all.patience, async |_| {
            let request =
                store.sender.complete_multipart_upload().bucket(&store.originals).key(self.transfer.key);
            let answer = request
                .upload_id(&self.id)
                .multipart_upload(parts.clone())
                .set_checksum_type(checksum.map(|_| ChecksumType::FullObject))
                .set_checksum_crc64_nvme(checksum.cloned())
                .mpu_object_size(i64::try_from(self.cut.bytes).unwrap_or(i64::MAX))
                .set_if_none_match(self.transfer.if_none_match())
                .set_if_match(self.transfer.if_match())
                .send()
                .await;
            match answer {
                // No bytes travel with this request: asking again changes nothing.
                Err(error) if error.code() == Some("BadDigest") => Ok(Err(error)),
                answer => answer.map(Ok),
            }
        });
        answer.await?
    }

    fn is_ours(&self, present: &Present, ours: &str, parts: &[Settled]) -> bool {
        match &present.crc64nvme {
            Some(theirs) => theirs == ours && present.bytes == self.cut.bytes,
            None => {
                etag_of_parts(parts.iter().map(|part| part.etag.as_str())).as_ref() == Some(&present.etag)
            }
        }
    }

    fn broken<E>(&self, error: &SdkError<E>) -> Broken
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let store = &self.all.store;
        let failure = Failure::of_request(error, &store.originals, store);
        if error.code() == Some("NoSuchUpload") {
            self.close();
            return Broken::Gone(failure);
        }
        Broken::Failed(failure.resumable())
    }

    /// Leaves nothing behind, here and there.
    async fn abort(&self) {
        if abort(&self.all.store, self.transfer.key, &self.id).await.is_ok() {
            self.close();
        }
    }

    /// The journal has served.
    fn close(&self) {
        if let Some(journal) = self.lock().take() {
            // What is left of it names an upload that is over; the next run finds that out.
            journal.finish().ok();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Journal>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal of this transfer, if journals are kept.
fn journal(all: &Transfers, transfer: &Transfer<'_>) -> Result<Option<Journal>, Failure> {
    let Some(folder) = &all.journals else {
        return Ok(None);
    };
    let endpoint = all.store.endpoint.as_deref().unwrap_or_default();
    match Journal::open(folder, endpoint, &all.store.originals, transfer.key, transfer.file) {
        Ok(journal) => Ok(Some(journal)),
        Err(Unavailable::Busy) => Err(Failure::new(
            "busy",
            "another uploader is sending this file to the same key",
            "Wait until it is done, or stop it.",
        )),
        Err(Unavailable::Io(error)) => Err(unwritable(&error)),
    }
}

fn plan(all: &Transfers, transfer: &Transfer<'_>, cut: Cut) -> Plan {
    Plan {
        endpoint: all.store.endpoint.clone().unwrap_or_default(),
        bucket: all.store.originals.clone(),
        key: transfer.key.to_owned(),
        file: std::path::absolute(transfer.file).unwrap_or_else(|_| transfer.file.to_owned()),
        bytes: cut.bytes,
        modified: transfer.stamp.modified,
        part_bytes: cut.part,
        media_type: transfer.media_type.to_owned(),
        metadata: transfer.metadata.to_owned(),
    }
}

/// The upload of `plan` that `journal` knows of and the server still has, with the parts that are there.
async fn resume(
    all: &Transfers,
    journal: &mut Journal,
    plan: &Plan,
) -> Result<Option<(String, BTreeMap<u32, Listed>)>, Failure> {
    let Some(known) = journal.plan() else {
        return Ok(None);
    };
    let id = match journal.upload_id() {
        Some(id) => Some(id.to_owned()),
        None => unnamed(&all.store, plan, journal.begun()).await?,
    };
    let Some(id) = id else {
        return Ok(None);
    };
    if known != plan {
        // The file is another one by now: what has arrived of the old one is of no use.
        abort(&all.store, &known.key, &id).await?;
        return Ok(None);
    }
    let Some(listed) = list(&all.store, plan, &id).await? else {
        return Ok(None);
    };
    if journal.upload_id().is_none() {
        journal.uploading(&id).map_err(|error| unwritable(&error))?;
    }
    Ok(Some((id, listed)))
}

/// An upload that was begun by a run that ended before it could note its id: of this key, no older, and still
/// without parts.
async fn unnamed(store: &Store, plan: &Plan, begun: u64) -> Result<Option<String>, Failure> {
    let request = store.client.list_multipart_uploads().bucket(&store.originals).prefix(&plan.key);
    // Who may not list them leaves them to the bucket's lifecycle.
    let Ok(answer) = request.send().await else {
        return Ok(None);
    };
    let earliest = i64::try_from(begun.saturating_sub(SKEW)).unwrap_or(i64::MAX);
    let ours = |upload: &&MultipartUpload| {
        upload.key() == Some(&plan.key) && upload.initiated().is_some_and(|time| time.secs() >= earliest)
    };
    for upload in answer.uploads().iter().filter(ours) {
        if let Some(id) = upload.upload_id()
            && list(store, plan, id).await?.is_some_and(|parts| parts.is_empty())
        {
            return Ok(Some(id.to_owned()));
        }
    }
    Ok(None)
}

/// The parts that the server has; `None` if it doesn't know the upload.
async fn list(store: &Store, plan: &Plan, id: &str) -> Result<Option<BTreeMap<u32, Listed>>, Failure> {
    let request = store.client.list_parts().bucket(&store.originals).key(&plan.key).upload_id(id);
    let mut parts = BTreeMap::new();
    let mut marker: Option<String> = None;
    loop {
        let page = match request.clone().set_part_number_marker(marker.take()).send().await {
            Ok(page) => page,
            Err(error) if error.code() == Some("NoSuchUpload") => return Ok(None),
            Err(error) => return Err(Failure::of_request(&error, &store.originals, store)),
        };
        for part in page.parts() {
            let number = part.part_number().and_then(|number| u32::try_from(number).ok());
            let bytes = part.size().and_then(|size| u64::try_from(size).ok());
            if let (Some(number), Some(bytes), Some(etag)) = (number, bytes, part.e_tag()) {
                let crc64nvme = part.checksum_crc64_nvme().map(str::to_owned);
                parts.insert(number, Listed { bytes, etag: etag.to_owned(), crc64nvme });
            }
        }
        marker = page.next_part_number_marker().map(str::to_owned);
        if page.is_truncated() != Some(true) || marker.is_none() {
            return Ok(Some(parts));
        }
    }
}

async fn create(all: &Transfers, transfer: &Transfer<'_>) -> Result<String, Failure> {
    let store = &all.store;
    let answer = attempt::again(&all.pace, all.patience, async |_| {
        let request = store.sender.create_multipart_upload().bucket(&store.originals).key(transfer.key);
        request
            .content_type(transfer.media_type)
            .set_metadata(Some(transfer.metadata()))
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .checksum_type(ChecksumType::FullObject)
            .send()
            .await
    });
    let answer = answer.await.map_err(|error| Failure::of_request(&error, &store.originals, store))?;
    let missing =
        || Failure::new("upload-id", "the server began an upload without an id", "Is it an S3 server?");
    answer.upload_id().map(str::to_owned).ok_or_else(missing)
}

/// Ends an upload on the server, with the parts that it has. One that is over already is no error.
pub(super) async fn abort(store: &Store, key: &str, id: &str) -> Result<(), Failure> {
    let request = store.client.abort_multipart_upload().bucket(&store.originals).key(key).upload_id(id);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("NoSuchUpload") => Ok(()),
        Err(error) => Err(Failure::of_request(&error, &store.originals, store)),
    }
}

/// The bytes of `range` of the file, if they are to be `held`, and their checksum in any case.
async fn read(
    path: &Path,
    range: Range<u64>,
    held: bool,
    buffers: &Buffers,
) -> io::Result<(Option<Bytes>, Crc)> {
    let (path, buffers) = (path.to_owned(), buffers.clone());
    blocking(move || {
        let mut file = regular::open(&path)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut rest = range.end - range.start;
        let size = if held { rest } else { rest.min(CHUNK as u64) };
        let mut buffer = buffers.take(usize::try_from(size).map_err(io::Error::other)?);
        let mut crc = Crc::EMPTY;
        while rest > 0 {
            let chunk = &mut buffer[..usize::try_from(rest.min(size)).map_err(io::Error::other)?];
            file.read_exact(chunk)?;
            crc = crc.then(Crc::of(chunk));
            rest -= chunk.len() as u64;
        }
        let bytes = buffers.lend(buffer);
        Ok((held.then_some(bytes), crc))
    })
    .await
}

/// The bytes of `range` of the file, read while they are sent.
async fn streamed(
    path: &Path,
    range: &Range<u64>,
) -> Result<ByteStream, aws_sdk_s3::primitives::ByteStreamError> {
    let stream =
        ByteStream::read_from().path(path).offset(range.start).length(Length::Exact(range.end - range.start));
    stream.buffer_size(CHUNK).build().await
}

fn shortened(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => changed(),
        _ => unreadable(error),
    }
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(
        "journal",
        format!("the journal that lets an upload be resumed cannot be written: {error}"),
        "Check the folder for state (`uploader doctor` names it); XDG_STATE_HOME chooses another one.",
    )
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
