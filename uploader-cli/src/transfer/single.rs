//! One file, one PUT.

use std::io::Read;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::{
    Crc, Flow, Present, Sent, Transfer, Transfers, USUAL_PART, attempt, blocking, changed, mixed_up, named,
    unreadable,
};
use crate::failure::Failure;
use crate::regular;

/// Puts the file with the checksum of the bytes that were read, so that no damaged transfer becomes an object.
pub(super) async fn send(all: &Transfers, transfer: &Transfer<'_>) -> Result<Sent, Failure> {
    let _room = all.room(transfer.stamp.bytes).await;
    let turn = all.pace.turn().await;
    let (bytes, crc) = read(transfer).await?;
    let ours = crc.base64();
    let length = transfer.stamp.bytes;

    let answer = attempt::again(&all.pace, all.patience, async |_| {
        let flow = Flow::new(&transfer.meter);
        let request = all.store.sender.put_object().bucket(&all.store.originals).key(transfer.key);
        let answer = request
            .content_type(transfer.media_type)
            .content_length(i64::try_from(length).unwrap_or(i64::MAX))
            .set_metadata(Some(transfer.metadata()))
            .set_if_none_match(transfer.if_none_match())
            .set_if_match(transfer.if_match())
            .checksum_crc64_nvme(&ours)
            .body(ByteStream::new(all.body(&bytes, &flow)))
            .send()
            .await?;
        flow.arrived(length);
        Ok(answer)
    })
    .await;
    match answer {
        Ok(answer) => {
            turn.sent(length);
            // Servers that know no CRC-64 leave it out of their answer.
            if let Some(theirs) = answer.checksum_crc64_nvme().filter(|theirs| *theirs != ours) {
                return Err(mixed_up(theirs, &ours));
            }
            Ok(Sent {
                etag: answer.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                version_id: named(answer.version_id()),
                crc64nvme: Some(ours),
            })
        }
        // It may have been ours: the answer to an earlier attempt was lost.
        Err(error) if error.code() == Some("PreconditionFailed") => {
            match Present::find_in_any_case(all, transfer.key).await? {
                Some(present) if is_ours(transfer, &present, &ours).await? => {
                    transfer.meter.gone(length);
                    Ok(Sent { crc64nvme: Some(ours), ..present.into() })
                }
                _ => Err(transfer.taken(&all.store)),
            }
        }
        Err(error) => Err(Failure::of_request(&error, &all.store.originals, &all.store)),
    }
}

/// Whether what lies there is what was sent.
async fn is_ours(transfer: &Transfer<'_>, present: &Present, ours: &str) -> Result<bool, Failure> {
    if let Some(theirs) = &present.crc64nvme {
        return Ok(theirs == ours);
    }
    let (present, path, bytes) = (present.clone(), transfer.file.to_owned(), transfer.stamp.bytes);
    blocking(move || present.holds(&path, bytes, USUAL_PART)).await.map_err(|error| unreadable(&error))
}

async fn read(transfer: &Transfer<'_>) -> Result<(Bytes, Crc), Failure> {
    let (path, length) = (transfer.file.to_owned(), transfer.stamp.bytes);
    let read = blocking(move || {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        // A file that grew shows by one byte more.
        regular::open(&path)?.take(length + 1).read_to_end(&mut bytes)?;
        let crc = Crc::of(&bytes);
        Ok((Bytes::from(bytes), crc))
    });
    let (bytes, crc) = read.await.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 != length {
        return Err(changed());
    }
    Ok((bytes, crc))
}
