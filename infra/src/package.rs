//! The package: a zip with the function's executable, `bootstrap`.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// What Lambda takes from a bucket, unpacked. Source: Lambda quotas.
const UNPACKED_BYTES: u64 = 250 << 20;

/// A zip as it is on disk.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: [u8; 32],
    /// As the parameter `Architecture` has it.
    pub(crate) architecture: &'static str,
}

impl Package {
    /// Reads the zip at `path`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when it isn't there, or isn't what `cargo xtask package` makes.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let made = "Make it with `cargo xtask package`, which says where it is.";
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::usage(format!("the package {} cannot be read: {error}", path.display()), made)
        })?;
        let architecture = architecture(&bytes).map_err(|why| {
            Failure::usage(format!("{} is no package for Lambda: {why}", path.display()), made)
        })?;
        Ok(Self { sha256: Sha256::digest(&bytes).into(), bytes: bytes.into(), architecture })
    }

    /// Where it lies in the code bucket: under what it holds, so that it never changes there.
    pub(crate) fn key(&self) -> String {
        format!("thumbnailer/{}.zip", hex::encode(self.sha256))
    }
}

/// What the executable at the beginning of a zip was built for.
///
/// Sources: PKWARE APPNOTE.TXT, "Local file header"; System V ABI, "ELF header" (`e_machine` is at byte 18).
fn architecture(zip: &[u8]) -> Result<&'static str, String> {
    let number = |at: usize, width: usize| -> Option<usize> {
        let bytes = zip.get(at..at + width)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let truncated = || "it ends too early".to_owned();
    if !zip.starts_with(b"PK\x03\x04") {
        return Err("it is no zip".to_owned());
    }
    let method = number(8, 2).ok_or_else(truncated)?;
    let name = number(26, 2).ok_or_else(truncated)?;
    let extra = number(28, 2).ok_or_else(truncated)?;
    if zip.get(30..30 + name) != Some(b"bootstrap") {
        return Err("its first file is not called bootstrap".to_owned());
    }
    let content = zip.get(30 + name + extra..).ok_or_else(truncated)?;
    let mut header = [0; 20];
    let read = match method {
        0 => { content }.read_exact(&mut header),
        8 => DeflateDecoder::new(content).take(UNPACKED_BYTES).read_exact(&mut header),
        _ => return Err(format!("its compression (method {method}) is not Lambda's")),
    };
    read.map_err(|_| truncated())?;
    if !header.starts_with(b"\x7fELF") {
        return Err("its bootstrap is no executable for Linux".to_owned());
    }
    match u16::from_le_bytes([header[18], header[19]]) {
        62 => Ok("x86_64"),
        183 => Ok("arm64"),
        other => Err(format!("its bootstrap is for a processor that Lambda has not (ELF machine {other})")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::DeflateEncoder};

    use super::*;

    fn zip(name: &[u8], machine: u16, deflated: bool) -> Vec<u8> {
        let mut elf = b"\x7fELF".to_vec();
        elf.resize(18, 0);
        elf.extend(machine.to_le_bytes());
        elf.resize(64, 0);
        if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&elf).unwrap();
            elf = encoder.finish().unwrap();
        }
        let mut zip = b"PK\x03\x04".to_vec();
        zip.resize(30, 0);
        zip[8] = if deflated { 8 } else { 0 };
        zip[26] = name.len() as u8;
        zip.extend(name);
        zip.extend(elf);
        zip
    }

    #[test]
    fn a_package_says_what_it_was_built_for() {
        assert_eq!(architecture(&zip(b"bootstrap", 62, true)), Ok("x86_64"));
        assert_eq!(architecture(&zip(b"bootstrap", 183, false)), Ok("arm64"));
    }

    #[test]
    fn what_is_no_package_is_refused_in_words() {
        let why = |zip: &[u8]| architecture(zip).unwrap_err();
        assert_eq!(why(b"\x7fELF"), "it is no zip");
        assert_eq!(why(&zip(b"main", 62, true)), "its first file is not called bootstrap");
        assert!(why(&zip(b"bootstrap", 40, true)).contains("ELF machine 40"));
        let whole = zip(b"bootstrap", 62, true);
        for length in 4..30 {
            assert!(architecture(&whole[..length]).is_err(), "{length}");
        }
    }
}
