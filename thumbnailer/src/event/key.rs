//! Keys as S3 writes them into notifications and tasks.

use percent_encoding::percent_decode;

use super::EventError;

/// Decodes a key, once: `+` is a space, `%XX` a byte (form encoding; Amazon S3 User Guide, "Event message
/// structure").
pub(super) fn decode(encoded: &str) -> Result<String, EventError> {
    let error = |what| EventError::Key { key: encoded.to_owned(), what };
    if encoded.is_empty() {
        return Err(error("is empty"));
    }
    let escapes_are_whole = encoded
        .split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if !escapes_are_whole {
        return Err(error("has a % that is not followed by two hex digits"));
    }
    let spaced = encoded.replace('+', " ");
    let key = percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map_err(|_| error("is not UTF-8 once its %XX are decoded"))?;
    Ok(key.into_owned())
}
