//! A browser's form is read the same however its bytes are divided, and its policy is read or refused.
//!
//! local-s3's form module is compiled into this target, so that the server is not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

#[allow(dead_code, unreachable_pub)]
#[path = "../../local-s3/src/form/mod.rs"]
mod form;

use form::{Fields, FormError, Piece, Policy, Reader, boundary};

/// Everything that a form consists of, with the file's content in one piece.
#[derive(Debug, Default, PartialEq)]
struct Read {
    fields: Vec<(String, String)>,
    filename: Option<Option<String>>,
    content: Vec<u8>,
    ended: bool,
    error: Option<FormError>,
}

fn read(boundary: &str, body: &[u8], piece: usize) -> Read {
    let mut reader = Reader::new(boundary);
    let mut read = Read::default();
    for chunk in body.chunks(piece.max(1)) {
        reader.push(chunk);
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(Piece::Field { name, value })) => read.fields.push((name, value)),
                Ok(Some(Piece::File { filename })) => read.filename = Some(filename),
                Ok(Some(Piece::Data(data))) => read.content.extend_from_slice(&data),
                Ok(Some(Piece::End)) => read.ended = true,
                Err(error) => {
                    read.error = Some(error);
                    return read;
                }
            }
        }
    }
    read
}

// A byte that says how the body is divided, a line with the Content-Type, and the body.
fuzz_target!(|input: &[u8]| {
    let Some((piece, rest)) = input.split_first() else { return };
    let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let body = rest.get(line + 1..).unwrap_or_default();
    let header = String::from_utf8_lossy(&rest[..line]);
    let boundary = boundary(&header).unwrap_or_else(|| "b".to_owned());
    let whole = read(&boundary, body, usize::MAX);
    assert_eq!(whole, read(&boundary, body, usize::from(*piece) + 1));
    assert_eq!(whole, read(&boundary, body, 1));
    assert!(whole.content.len() <= body.len());

    let mut fields = Fields::default();
    for (name, value) in &whole.fields {
        fields.add(name, value.clone());
    }
    fields.insert_filename(whole.filename.flatten().as_deref());
    for (_, value) in &whole.fields {
        if let Ok(policy) = Policy::parse(value) {
            let _ = policy.check(&fields, "bucket", OffsetDateTime::UNIX_EPOCH);
            let _ = policy.size();
        }
    }
    // The content makes a policy more often than a field does.
    if let Ok(text) = str::from_utf8(body) {
        use base64::Engine as _;
        let _ = Policy::parse(&base64::engine::general_purpose::STANDARD.encode(text));
    }
});
