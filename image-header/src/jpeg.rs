//! JPEG (ITU-T T.81) with JFIF, Exif 3.0 and Adobe's APP14 (Technical Note 5116).

mod color;
mod frame;
mod icc;

use std::ops::Range;

use crate::exif::Exif;
use crate::reader::{be16, find_ff, range_within};
use crate::{Format, JpegInfo, Limits, Rejection, SourceInfo};
use frame::Frame;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DRI: u8 = 0xDD;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;

/// What the segments said, up to wherever the walk stands.
#[derive(Default)]
struct Walk {
    frame: Option<Frame>,
    scans: u32,
    jfif: bool,
    adobe_transform: Option<u8>,
    restart_interval: u16,
    exif: Option<Range<usize>>,
    icc: icc::Segments,
    complete: bool,
    /// Bytes between segments that belong to none.
    stray: usize,
    /// Bytes of all segments.
    segments: u64,
    followed: bool,
}

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let mut walk = Walk::default();
    walk.run(source, limits)?;
    walk.finish(source, limits)
}

impl Walk {
    /// Visits every marker from SOI to EOI, or to where the file breaks off.
    fn run(&mut self, source: &[u8], limits: &Limits) -> Result<(), Rejection> {
        let mut at = 2;
        while let Some((marker, after)) = self.next_marker(source, at) {
            at = match marker {
                EOI => {
                    self.complete = self.scans > 0;
                    return Ok(());
                }
                // Without a length: TEM, restart markers, a repeated SOI; reserved ones are damaged data.
                0x01..=0xBF | 0xD0..=0xD7 | SOI => after,
                _ => {
                    let Some(payload) = payload(source, after) else {
                        return self.broken_off(format!("marker FF{marker:02X} at byte {at} is cut off"));
                    };
                    let end = payload.end;
                    if !self.segment(source, marker, payload, limits)? {
                        return Ok(());
                    }
                    end
                }
            };
        }
        self.broken_off("it ends before its picture does".to_owned())
    }

    /// The code of the next marker and the position after it. Between segments, bytes that belong to none
    /// are skipped, as decoders do; within entropy-coded data they are the data.
    fn next_marker(&mut self, source: &[u8], from: usize) -> Option<(u8, usize)> {
        let mut at = find_ff(source, from)?;
        if self.scans == 0 {
            self.stray += at - from;
        }
        loop {
            match source.get(at + 1)? {
                0x00 => at = find_ff(source, at + 2)?,
                0xFF => at += 1,
                &marker => return Some((marker, at + 2)),
            }
        }
    }

    /// Takes one segment in; false if nothing after it is to be read.
    fn segment(
        &mut self,
        source: &[u8],
        marker: u8,
        payload: Range<usize>,
        limits: &Limits,
    ) -> Result<bool, Rejection> {
        let data = source.get(payload.clone()).unwrap_or_default();
        self.segments += data.len() as u64;
        match marker {
            SOS => {
                if self.frame.is_none() {
                    return Err(Rejection::damaged("a JPEG's scan comes before its frame header"));
                }
                self.scans += 1;
                let scans = u64::from(self.scans);
                Rejection::check("the number of JPEG scans", scans, u64::from(limits.jpeg_scans))?;
            }
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 if self.frame.is_some() => {
                if self.scans == 0 {
                    return Err(Rejection::damaged("a JPEG with two frame headers"));
                }
                self.followed = true;
                return Ok(false);
            }
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                let frame = Frame::read(marker, data)?;
                limits.check_size(frame.width, frame.height)?;
                self.frame = Some(frame);
            }
            // T.81 B.3: only hierarchical files have these.
            0xDE | 0xDF => return Err(Rejection::unsupported("hierarchical JPEG")),
            // What comes after the first scan's header tells no decoder anything about colours.
            _ if self.scans > 0 => {}
            DRI => self.restart_interval = be16(data, 0).unwrap_or(0),
            APP0 if data.len() >= 14 && data.starts_with(b"JFIF\0") => self.jfif = true,
            APP1 if data.starts_with(b"Exif\0") && data.len() > 6 && self.exif.is_none() => {
                self.exif = Some(payload.start + 6..payload.end);
            }
            APP2 => self.icc.take(data, payload.start),
            APP14 if data.starts_with(b"Adobe") => {
                // libjpeg wants the transform byte at 11.
                self.adobe_transform = data.get(11).copied().or(self.adobe_transform);
            }
            _ => {}
        }
        Ok(true)
    }

    /// Judges a file that ends early: damaged before the first scan, incomplete after it.
    fn broken_off(&self, what: String) -> Result<(), Rejection> {
        if self.scans == 0 { Err(Rejection::damaged(what)) } else { Ok(()) }
    }

    fn finish(mut self, source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
        let Some(frame) = self.frame.take().filter(|_| self.scans > 0) else {
            return Err(Rejection::damaged("a JPEG without a picture"));
        };
        let color = color::model(&frame.ids(), self.jfif, self.adobe_transform);
        let mut info = SourceInfo::new(Format::Jpeg, (frame.width, frame.height), color, 8);
        info.complete = self.complete;
        info.metadata = self.segments;
        if self.stray > 0 {
            info.notes
                .push(format!("{} bytes before the picture belong to nothing and were skipped.", self.stray));
        }
        if self.followed {
            info.notes.push("A second picture begins before the first one ends.".into());
        }
        info.profile = self.icc.profile(&mut info.notes);
        limits.check_profile(&info.profile)?;
        if let Some(block) = self.exif {
            limits.check_metadata("the Exif block's size in bytes", block.len())?;
            Exif::apply_block(source.get(block).unwrap_or_default(), &mut info);
        }
        info.jpeg = Some(JpegInfo {
            progressive: frame.progressive,
            scans: self.scans,
            sampling: frame.sampling(),
            adobe_transform: self.adobe_transform,
            jfif: self.jfif,
            restart_interval: self.restart_interval,
        });
        Ok(info)
    }
}

/// Returns the bytes of the segment whose length lies `at` that place. The length counts itself; if it is less than
/// that, the segment is empty, as in libjpeg.
fn payload(source: &[u8], at: usize) -> Option<Range<usize>> {
    let len = usize::from(be16(source, at)?).saturating_sub(2);
    range_within(source.len(), at + 2, len)
}
