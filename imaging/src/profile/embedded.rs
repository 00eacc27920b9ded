//! Reads the ICC profile of a file within bounds, and no more of its tags than a conversion needs.

use std::io::Read;

use flate2::read::ZlibDecoder;
use image_header::Profile;
use moxcms::{ColorProfile, ParsingOptions};

/// Bytes of the longest profile that is used. Press profiles have up to 3 MB.
const LONGEST: u64 = 4 << 20;
/// Bytes that deflate makes of one at most (RFC 1951, 3.2.5: 258 bytes from two bits).
const MOST_INFLATED: u64 = 1_032;
/// Bytes of the header and the number of tags (ICC.1:2022, 7.2).
const HEADER: usize = 132;
/// Bytes of an entry of the tag table.
const ENTRY: usize = 12;

/// Returns how many bytes of `profile` are held at most, before any of them is read.
pub(crate) fn longest(profile: &Profile) -> u64 {
    let announced = match profile {
        Profile::None => 0,
        Profile::Ranges(ranges) => ranges.iter().map(|range| range.len() as u64).sum(),
        Profile::Deflated(range) => range.len() as u64 * MOST_INFLATED,
    };
    announced.min(LONGEST)
}

/// Reads the profile of `source`, of at most `limit` bytes. The error is a warning in words.
pub(super) fn read(source: &[u8], profile: &Profile, limit: u64) -> Result<Option<ColorProfile>, String> {
    let bytes = match profile {
        Profile::None => return Ok(None),
        Profile::Ranges(ranges) => {
            let parts = ranges.iter().map(|range| source.get(range.clone()));
            let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
            let stored = parts.iter().map(|part| part.len() as u64).sum();
            let mut parts = parts.into_iter().map(|part| Box::new(part) as Box<dyn Read>);
            let first = parts.next().unwrap_or_else(|| Box::new(std::io::empty()));
            take(parts.fold(first, |before, part| Box::new(before.chain(part))), stored, limit)?
        }
        Profile::Deflated(range) => {
            let stream = source.get(range.clone()).ok_or_else(damaged)?;
            take(ZlibDecoder::new(stream), stream.len() as u64 * MOST_INFLATED, limit)?
        }
    };
    parse(bytes).map(Some).ok_or_else(damaged)
}

fn damaged() -> String {
    "the colour profile is damaged and was ignored".to_owned()
}

/// Takes as many bytes as the profile's header says, of which there are `available` at most.
fn take(mut stream: impl Read, available: u64, limit: u64) -> Result<Vec<u8>, String> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).map_err(|_| damaged())?;
    let size = u64::from(u32::from_be_bytes([header[0], header[1], header[2], header[3]]));
    if size < HEADER as u64 || size > available {
        return Err(damaged());
    }
    let limit = limit.min(LONGEST);
    if size > limit {
        return Err(format!(
            "the colour profile has {size} bytes, more than the {limit} that are allowed; it was ignored"
        ));
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| damaged())?];
    bytes[..HEADER].copy_from_slice(&header);
    stream.read_exact(&mut bytes[HEADER..]).map_err(|_| damaged())?;
    Ok(bytes)
}

fn parse(mut bytes: Vec<u8>) -> Option<ColorProfile> {
    // Version 0 and 1 were never published; profiles that say so are of version 2.
    if bytes[8] < 2 {
        bytes[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    }
    blank_unneeded_tags(&mut bytes);
    let options = ParsingOptions { max_profile_size: usize::MAX, ..ParsingOptions::default() };
    ColorProfile::new_from_slice_with_options(&bytes, options).ok()
}

/// Blanks the names of all tags except those that a conversion from the profile's space needs, each once. A hostile
/// profile can have many tags of the same bytes, and texts that refer to the same bytes many times.
fn blank_unneeded_tags(bytes: &mut [u8]) {
    let wanted: &[&[u8; 4]] = match &bytes[16..20] {
        b"GRAY" => &[b"kTRC", b"wtpt"],
        b"RGB " => &[b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"wtpt", b"chad", b"cicp"],
        _ => &[b"wtpt"],
    };
    let count = u32::from_be_bytes([bytes[128], bytes[129], bytes[130], bytes[131]]) as usize;
    let (_, tags) = bytes.split_at_mut(HEADER);
    let length = tags.len().min(count.saturating_mul(ENTRY));
    let tags = &mut tags[..length];
    let tables: [&[u8; 4]; 3] = [b"A2B0", b"A2B1", b"A2B2"];
    let entries = tags.chunks_exact(ENTRY);
    // Perceptual, else colorimetric, else saturation.
    let table = tables.into_iter().find(|name| entries.clone().any(|entry| entry.starts_with(*name)));
    let mut left: Vec<&[u8; 4]> = wanted.iter().copied().chain(table).collect();
    for entry in tags.chunks_exact_mut(ENTRY) {
        match left.iter().position(|name| entry.starts_with(*name)) {
            Some(at) => {
                // Tables of whichever intent are the ones to use.
                if Some(left.swap_remove(at)) == table {
                    entry[..4].copy_from_slice(b"A2B0");
                }
            }
            None => entry[..4].fill(0),
        }
    }
}
