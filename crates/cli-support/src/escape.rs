use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` in a form that a terminal shows on one line, as it is.
///
/// Keys, file names and the words of servers come from outside. Each character for which [`is_unsafe`] holds becomes
/// an escape such as `\n`, `\x1b` or `\u{202e}`, so that it can neither control the terminal, nor start another line,
/// nor show the rest of the line in another order. A text without such characters is borrowed.
///
/// A backslash stays a backslash, since it is common in Windows paths. So the result is for people, not for parsing.
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else { return Cow::Borrowed(text) };
    let mut escaped = String::with_capacity(text.len() + 8);
    escaped.push_str(&text[..first]);
    for character in text[first..].chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ if !is_unsafe(character) => escaped.push(character),
            _ if character.is_ascii() => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\x{:02x}", u32::from(character));
            }
            _ => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(escaped)
}

/// Returns `text` with each of its lines [escaped](escape). Its line breaks (`\n`) stay.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\n' && is_unsafe(character)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(escape).collect::<Vec<_>>().join("\n"))
}

/// Returns `true` for characters that a terminal may obey instead of show: C0 and C1 controls, DEL, line and paragraph
/// separators, and the controls of bidirectional text.
///
/// Source: Unicode Standard Annex #9, section 2 (explicit directional formatting characters); Unicode Technical
/// Report #36, section 2.5.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_text_is_borrowed() {
        for text in ["", "2026/lisbon/a b.jpg", "Café.jpg", "写真.png", "C:\\photos\\a.jpg", "👩‍👩‍👧.jpg"]
        {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn controls_become_visible() {
        assert_eq!(escape("\u{1b}[31mred\u{1b}]0;owned\u{7}.jpg"), "\\x1b[31mred\\x1b]0;owned\\x07.jpg");
        assert_eq!(escape("a\nb\rc\td\u{7f}"), "a\\nb\\rc\\td\\x7f");
        assert_eq!(escape("\u{85}\u{9b}31m"), "\\u{85}\\u{9b}31m");
        assert_eq!(escape("gpj.\u{202e}exe\u{2066}\u{2069}"), "gpj.\\u{202e}exe\\u{2066}\\u{2069}");
        assert_eq!(escape_lines("a\r\nb\u{1b}\n"), "a\\r\nb\\x1b\n");
        assert_eq!(escape("a\u{2028}b\u{2029}"), "a\\u{2028}b\\u{2029}");
    }
}
