//! Escaped text cannot control a terminal: it has no unsafe character, is one line, and is left alone when it is escaped
//! again. Text without unsafe characters stays as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/cli-support/src/escape.rs"]
mod escape;

use escape::{escape, escape_lines, is_unsafe};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let escaped = escape(&text);
    // A judge of its own, by the numbers of UAX #9 and ECMA-48.
    for c in escaped.chars() {
        let number = u32::from(c);
        assert!(!matches!(number, 0..0x20 | 0x7f..0xa0 | 0x2028..=0x202e | 0x2066..=0x2069), "{c:?}");
    }
    assert!(!escaped.contains(is_unsafe));
    assert_eq!(escaped.lines().count().max(1), 1);
    assert_eq!(escape(&escaped), escaped);
    if !text.contains(is_unsafe) {
        assert_eq!(escaped, text);
    }
    // What is safe of the text is in the result, in the same order.
    let mut rest = escaped.chars();
    for c in text.chars().filter(|c| !is_unsafe(*c)) {
        assert!(rest.any(|other| other == c), "{c:?}");
    }
    let lines = escape_lines(&text);
    assert_eq!(lines.split('\n').count(), text.split('\n').count());
    for (shown, line) in lines.split('\n').zip(text.split('\n')) {
        assert_eq!(shown, escape(line));
    }
});
