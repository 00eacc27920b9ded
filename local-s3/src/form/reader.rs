use bytes::{Bytes, BytesMut};
use memchr::memmem::{self, Finder};

use super::disposition::Disposition;

/// S3's limit for everything before the content of the file, in bytes.
pub(crate) const FIELDS_LIMIT: usize = 20 * 1024;

/// Blanks that a client may add to the line of a boundary.
const BLANKS_LIMIT: usize = 1000;

/// The reason why a form cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("the fields before the file are longer than {FIELDS_LIMIT} bytes")]
    FieldsTooLarge,
    #[error("the form is malformed: {0}")]
    Malformed(&'static str),
}

/// One step of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Field {
        name: String,
        value: String,
    },
    /// The start of the file. Its content follows.
    File {
        filename: Option<String>,
    },
    /// Content of the file, never empty.
    Data(Bytes),
    /// The end of the file. S3 ignores everything after it.
    End,
}

#[derive(Debug)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// After a boundary: a line break, or `--` at the form's end.
    Boundary,
    Header,
    Value {
        name: String,
    },
    Content,
    /// After the boundary that ends the file.
    Closing,
    Done,
}

/// A form's reader: [`Reader::push`] adds what arrives, [`Reader::next`] returns the next complete piece.
///
/// The pieces, except how content is divided, depend only on the body's bytes and not on how they were divided.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Finds a line break and the boundary after it.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    /// Bytes of the form before the buffer, as long as the file has not begun.
    before: usize,
    state: State,
}

impl Reader {
    pub(crate) fn new(boundary: &str) -> Self {
        let delimiter = Finder::new(&format!("\r\n--{boundary}")).into_owned();
        // The first boundary has no line break before it.
        Self { delimiter, buffer: BytesMut::from(&b"\r\n"[..]), before: 0, state: State::Preamble }
    }

    /// Adds bytes that arrived. They are dropped if the file has ended.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Done) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Returns the next piece, or `None` if more bytes are needed. After [`Piece::End`] there is none.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, FormError> {
        loop {
            let step = match self.state {
                State::Content => return self.content(),
                State::Closing => return self.closing(),
                State::Done => return Ok(None),
                State::Preamble => self.preamble(),
                State::Boundary => self.boundary()?,
                State::Header => match self.header()? {
                    Some(Some(file)) => return Ok(Some(file)),
                    Some(None) => Some(()),
                    None => None,
                },
                State::Value { .. } => match self.value()? {
                    Some(field) => return Ok(Some(field)),
                    None => None,
                },
            };
            if step.is_none() {
                let full = self.before + self.buffer.len() >= FIELDS_LIMIT;
                return if full { Err(FormError::FieldsTooLarge) } else { Ok(None) };
            }
        }
    }

    /// The part of the buffer in which fields may lie.
    fn visible(&self) -> &[u8] {
        let left = FIELDS_LIMIT.saturating_sub(self.before);
        &self.buffer[..self.buffer.len().min(left)]
    }

    /// Takes `length` bytes of fields from the buffer.
    fn take(&mut self, length: usize) -> BytesMut {
        self.before += length;
        self.buffer.split_to(length)
    }

    fn preamble(&mut self) -> Option<()> {
        let at = self.delimiter.find(self.visible())?;
        self.take(at + self.delimiter.needle().len());
        self.state = State::Boundary;
        Some(())
    }

    fn boundary(&mut self) -> Result<Option<()>, FormError> {
        match line_end(self.visible())? {
            None => Ok(None),
            Some(LineEnd::Form) => Err(FormError::Malformed("it has no field named file")),
            Some(LineEnd::Line(length)) => {
                // The header block may be empty; then the line break that ends it is this one.
                self.take(length - 2);
                self.state = State::Header;
                Ok(Some(()))
            }
        }
    }

    fn header(&mut self) -> Result<Option<Option<Piece>>, FormError> {
        let Some(at) = memmem::find(self.visible(), b"\r\n\r\n") else { return Ok(None) };
        let block = self.take(at + 4);
        let block = std::str::from_utf8(&block).map_err(|_| FormError::Malformed("a header is not UTF-8"))?;
        let part = Disposition::parse(block)
            .ok_or(FormError::Malformed("a part has no valid Content-Disposition: form-data; name=…"))?;
        if part.name.eq_ignore_ascii_case("file") {
            self.state = State::Content;
            return Ok(Some(Some(Piece::File { filename: part.filename })));
        }
        self.state = State::Value { name: part.name };
        Ok(Some(None))
    }

    fn value(&mut self) -> Result<Option<Piece>, FormError> {
        let Some(at) = self.delimiter.find(self.visible()) else { return Ok(None) };
        let value = self.take(at);
        self.take(self.delimiter.needle().len());
        let value = std::str::from_utf8(&value).map_err(|_| FormError::Malformed("a field is not UTF-8"))?;
        match std::mem::replace(&mut self.state, State::Boundary) {
            State::Value { name } => Ok(Some(Piece::Field { name, value: value.to_owned() })),
            _ => Err(FormError::Malformed("a field has no name")),
        }
    }

    fn content(&mut self) -> Result<Option<Piece>, FormError> {
        let needle = self.delimiter.needle();
        let length = match self.delimiter.find(&self.buffer) {
            Some(0) => {
                let _ = self.buffer.split_to(needle.len());
                self.state = State::Closing;
                return self.closing();
            }
            Some(at) => at,
            // The rest may be the beginning of the boundary.
            None => self.buffer.len() - possible_start(&self.buffer, needle),
        };
        Ok((length > 0).then(|| Piece::Data(self.buffer.split_to(length).freeze())))
    }

    fn closing(&mut self) -> Result<Option<Piece>, FormError> {
        if line_end(&self.buffer)?.is_none() {
            return Ok(None);
        }
        self.state = State::Done;
        self.buffer = BytesMut::new();
        Ok(Some(Piece::End))
    }
}

/// The text that follows a boundary.
enum LineEnd {
    /// The end of the form.
    Form,
    /// A line break, which ends after so many bytes.
    Line(usize),
}

/// Returns the length of the longest end of `bytes` that is a beginning of `needle`, and not all of it.
fn possible_start(bytes: &[u8], needle: &[u8]) -> usize {
    let longest = bytes.len().min(needle.len() - 1);
    (1..=longest).rev().find(|length| needle.starts_with(&bytes[bytes.len() - length..])).unwrap_or(0)
}

/// Parses what follows a boundary: `--`, or a line break after blanks.
fn line_end(bytes: &[u8]) -> Result<Option<LineEnd>, FormError> {
    let other = Err(FormError::Malformed("the boundary occurs within a value"));
    let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if blanks > BLANKS_LIMIT {
        return other;
    }
    match (bytes.get(blanks), bytes.get(blanks + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(LineEnd::Line(blanks + 2))),
        (Some(b'-'), Some(b'-')) if blanks == 0 => Ok(Some(LineEnd::Form)),
        (Some(b'\r' | b'-'), None) | (None, _) => Ok(None),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// Everything that a form consists of, with the file's content in one piece.
    #[derive(Debug, PartialEq, Eq, Default)]
    struct Read {
        fields: Vec<(String, String)>,
        filename: Option<Option<String>>,
        content: Vec<u8>,
        ended: bool,
        error: Option<FormError>,
    }

    fn read<'a>(boundary: &str, chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
        let mut reader = Reader::new(boundary);
        let mut read = Read::default();
        for chunk in chunks {
            reader.push(chunk);
            loop {
                match reader.next() {
                    Ok(None) => break,
                    Ok(Some(Piece::Field { name, value })) => read.fields.push((name, value)),
                    Ok(Some(Piece::File { filename })) => read.filename = Some(filename),
                    Ok(Some(Piece::Data(data))) => {
                        assert!(!data.is_empty());
                        read.content.extend_from_slice(&data);
                    }
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

    fn form(boundary: &str, fields: &[(&str, &str)], content: &[u8]) -> Vec<u8> {
        let mut form = Vec::new();
        for (name, value) in fields {
            let part =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            form.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(content);
        form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        form
    }

    /// Divides `bytes` by the lengths in `cuts`, over and over.
    fn divided<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
        while !rest.is_empty() {
            let length = cuts.next().map_or(rest.len(), |cut| (*cut).clamp(1, rest.len()));
            let (chunk, after) = rest.split_at(length);
            chunks.push(chunk);
            rest = after;
        }
        chunks
    }

    #[test]
    fn every_division_in_two_gives_the_same() {
        let content = b"\r\r\n\r\n-\r\n--\r\n--A\r\n--AaB\r\n--AaA\r";
        let body = form("AaAb", &[("key", "k"), ("x-amz-meta-a", "1\r\n2\r\n--Aa")], content);
        for at in 0..=body.len() {
            let read = read("AaAb", [&body[..at], &body[at..]]);
            assert_eq!(read.content, content, "cut at {at}");
            assert!(read.ended && read.error.is_none());
            assert_eq!(read.fields[1], ("x-amz-meta-a".into(), "1\r\n2\r\n--Aa".into()));
            assert_eq!(read.filename, Some(Some("a.jpg".into())));
        }
    }

    #[test]
    fn empty_values_and_files_are_values() {
        let read = read("b", [form("b", &[("key", "")], b"").as_slice()]);
        assert_eq!(
            (read.fields, read.content.len(), read.ended),
            (vec![("key".into(), String::new())], 0, true)
        );
    }

    #[test]
    fn a_preamble_and_the_fields_after_the_file_are_ignored() {
        let mut body = b"preamble\r\n".to_vec();
        body.extend_from_slice(
            b"--b \t\r\ncontent-disposition: form-data; name=file\r\n\r\nx\r\n--b\r\nany \xff",
        );
        let read = read("b", [body.as_slice()]);
        assert_eq!((read.content.as_slice(), read.ended, read.error), (&b"x"[..], true, None));
    }

    #[test]
    fn a_form_that_breaks_off_has_no_end() {
        let whole = form("b", &[("key", "k")], b"content");
        let end = whole.len() - b"-\r\n".len();
        for length in 0..end {
            let read = read("b", [&whole[..length]]);
            assert!(!read.ended && read.error.is_none(), "{length} bytes");
        }
    }

    #[test]
    fn malformed_forms_are_refused() {
        for body in [
            &b"--b--\r\n"[..],
            b"--b\r\n\r\nno header\r\n--b--",
            b"--b\r\nContent-Type: text/plain\r\n\r\nno name\r\n--b--",
            b"--bx\r\n",
            b"--b\r\ncontent-disposition: form-data; name=a\r\n\r\n\xff\r\n--b\r\n",
            b"--b\r\ncontent-disposition: form-data; name=file\r\n\r\nx\r\n--bx",
            b"--b\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
        ] {
            let read = read("b", [body]);
            assert!(matches!(read.error, Some(FormError::Malformed(_))), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn fields_are_limited_and_files_are_not() {
        let value = "v".repeat(FIELDS_LIMIT);
        let long = form("b", &[("key", &value)], b"");
        assert_eq!(read("b", [long.as_slice()]).error, Some(FormError::FieldsTooLarge));
        let many = vec![("key", ""); 1000];
        let many = form("b", &many, b"");
        assert_eq!(read("b", [many.as_slice()]).error, Some(FormError::FieldsTooLarge));
        let preamble = vec![b'p'; FIELDS_LIMIT + 1];
        assert_eq!(read("b", [preamble.as_slice()]).error, Some(FormError::FieldsTooLarge));
        let content = vec![b'\r'; 4 * FIELDS_LIMIT];
        assert_eq!(
            read("b", [form("b", &[("key", &value[..15_000])], &content).as_slice()]).content,
            content
        );
    }

    proptest! {
        #[test]
        fn any_content_comes_out_whole_however_it_is_divided(
            content in prop::collection::vec(prop::sample::select(b"\r\n-bBxy\0\xff".to_vec()), 0..300),
            cuts in prop::collection::vec(1_usize..40, 0..8),
        ) {
            prop_assume!(memmem::find(&content, b"\r\n--bB").is_none() && !content.ends_with(b"\r\n--bB"));
            let body = form("bB", &[("key", "a")], &content);
            let read = read("bB", divided(&body, &cuts));
            prop_assert_eq!(read.content, content);
            prop_assert!(read.ended && read.error.is_none());
        }

        #[test]
        fn the_division_of_any_bytes_changes_nothing(
            pieces in prop::collection::vec(prop::sample::select(vec![
                &b"--b"[..], b"\r\n", b"\r", b"\n", b"-", b"--", b" ", b"x", b"\xff", b"\r\n--b", b"\r\n\r\n",
                b"Content-Disposition: form-data; name=\"a\"\r\n\r\n",
                b"Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n",
                &[b'v'; 7000],
            ]), 0..30),
            cuts in prop::collection::vec(1_usize..5000, 0..8),
        ) {
            let body = pieces.concat();
            prop_assert_eq!(read("b", divided(&body, &cuts)), read("b", [body.as_slice()]));
        }
    }
}
