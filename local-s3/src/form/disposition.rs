use percent_encoding::percent_decode_str;

/// The longest boundary that RFC 2046 allows.
const BOUNDARY_LIMIT: usize = 70;

/// Returns the boundary of a `Content-Type`, or `None` if it is not a form's or its boundary is not valid.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let parameters = parameters(rest)?;
    let (_, boundary) = parameters.into_iter().find(|(name, _)| name == "boundary")?;
    let valid = !boundary.is_empty()
        && boundary.len() <= BOUNDARY_LIMIT
        && boundary.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !boundary.ends_with(' ');
    valid.then_some(boundary)
}

/// A part's name, and the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    pub(super) filename: Option<String>,
}

impl Disposition {
    /// Parses the header block of a part. Returns `None` without a valid `Content-Disposition: form-data`.
    pub(super) fn parse(block: &str) -> Option<Self> {
        let mut found = None;
        for line in block.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            if name.trim().eq_ignore_ascii_case("content-disposition") && found.replace(value).is_some() {
                return None;
            }
        }
        let value = found?;
        let (kind, rest) = value.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return None;
        }
        let (mut plain, mut extended, mut part) = (None, None, None);
        for (name, value) in parameters(rest)? {
            match name.as_str() {
                "name" if part.is_none() => part = Some(value),
                "filename" if plain.is_none() => plain = Some(value),
                "filename*" if extended.is_none() => extended = Some(extended_value(&value)?),
                "name" | "filename" | "filename*" => return None,
                _ => {}
            }
        }
        Some(Self { name: part?, filename: extended.or(plain) })
    }
}

/// Parses `; name=value; name="value"` into pairs, with names in lower case.
///
/// In a quoted value, `\"` is a quotation mark. Every other backslash is itself, since some browsers send Windows paths.
fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ';']);
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let value;
        (value, rest) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        pairs.push((name, value));
        let next = rest.trim_start();
        if !next.is_empty() && !next.starts_with(';') {
            return None;
        }
        rest = next.trim_start_matches([' ', '\t', ';']);
    }
    Some(pairs)
}

/// Returns the value that ends at the next quotation mark, and the text after it.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let at = rest.find('"')?;
        let before = &rest[..at];
        rest = &rest[at + 1..];
        match before.strip_suffix('\\') {
            Some(before) => {
                value.push_str(before);
                value.push('"');
            }
            None => {
                value.push_str(before);
                return Some((value, rest));
            }
        }
    }
}

/// Decodes `UTF-8''na%C3%AFve` (RFC 8187).
fn extended_value(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    charset
        .eq_ignore_ascii_case("utf-8")
        .then(|| percent_decode_str(encoded).decode_utf8().ok())?
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn boundaries_of_browsers_and_libraries_are_read() {
        for (header, expected) in [
            ("multipart/form-data; boundary=----WebKitFormBoundaryabc", Some("----WebKitFormBoundaryabc")),
            ("Multipart/Form-Data;boundary=\"a b:c\"", Some("a b:c")),
            ("multipart/form-data; charset=utf-8; BOUNDARY=x", Some("x")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=x", None),
            ("multipart/form-data; boundary=\"x ", None),
        ] {
            assert_eq!(boundary(header).as_deref(), expected, "{header}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        for (value, name, filename) in [
            ("form-data; name=\"key\"", "key", None),
            ("form-data; name=key", "key", None),
            ("form-data; name=\"file\"; filename=\"a \\\"b\\\".jpg\"", "file", Some("a \"b\".jpg")),
            ("form-data; filename=\"C:\\dir\\x.jpg\"; name=\"file\"", "file", Some("C:\\dir\\x.jpg")),
            ("form-data; name=\"file\"; filename=\"\"", "file", Some("")),
            ("form-data; name=\"file\"; filename=\"a;b=c.jpg\"", "file", Some("a;b=c.jpg")),
            ("FORM-DATA;name=\"file\";filename*=utf-8''na%C3%AFve.jpg", "file", Some("naïve.jpg")),
        ] {
            let block = format!("content-type: image/jpeg\r\nContent-Disposition: {value}\r\n");
            let parsed = Disposition::parse(&block).unwrap();
            assert_eq!((parsed.name.as_str(), parsed.filename.as_deref()), (name, filename), "{value}");
        }
    }

    #[test]
    fn ambiguous_headers_are_refused() {
        for block in [
            "",
            "content-type: text/plain",
            "content-disposition: attachment; name=\"a\"",
            "content-disposition: form-data",
            "content-disposition: form-data; name=\"a\"; name=\"b\"",
            "content-disposition: form-data; name=\"a\" b",
            "content-disposition: form-data; name=\"a",
            "content-disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b",
            "content-disposition: form-data; name=\"a\"; filename*=latin1''a",
            "no colon",
        ] {
            assert_eq!(Disposition::parse(block), None, "{block}");
        }
    }
}
