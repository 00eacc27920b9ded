//! XML request bodies: read as XML 1.0 says, and written again in the plain form that `s3s` understands.
//!
//! `s3s` skips CDATA sections, refuses references to most characters above U+FFFF and trips over namespace prefixes.
//! [`plain`] resolves all of that, so a key arrives as the client wrote it, or the document is refused as a whole.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

/// Elements inside each other. S3's own documents need 6.
const MAX_DEPTH: usize = 32;
/// Elements of a document. Completing an upload of 10,000 parts needs 30,000 to 40,000.
const MAX_ELEMENTS: usize = 200_000;

/// The reason why a document is not well-formed, or not one that S3 reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

/// Returns the document with nothing but elements and text: no prolog, comments, attributes or prefixes, and with
/// CDATA and references resolved.
///
/// # Errors
///
/// [`Malformed`] for anything that is not well-formed XML 1.0 in UTF-8, and for a document type declaration.
pub(crate) fn plain(body: &[u8]) -> Result<String, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut writer = Writer { out: String::with_capacity(text.len()), ..Writer::default() };
    loop {
        match reader.read_event().map_err(|error| Malformed(error.to_string()))? {
            Event::Start(element) => writer.open(&element)?,
            Event::Empty(element) => {
                writer.open(&element)?;
                writer.close();
            }
            Event::End(_) => writer.close(), // the reader has checked that its name matches
            Event::Text(text) => writer.text(&text.xml10_content().map_err(unreadable)?)?,
            Event::CData(text) => {
                writer.inside("a CDATA section")?;
                writer.text(&text.xml10_content().map_err(unreadable)?)?;
            }
            Event::GeneralRef(reference) => {
                writer.inside("a reference")?;
                let name = reference.decode().map_err(unreadable)?;
                match resolve_xml_entity(&name) {
                    Some(text) => writer.text(text)?,
                    None => writer.character(referenced(&name)?)?,
                }
            }
            Event::DocType(_) => return Err(malformed("it has a document type declaration")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return writer.finish(),
        }
    }
}

/// Parses `#100` or `#x1F600`. A reference to half of a surrogate pair is not well-formed, also beside its other half.
fn referenced(name: &str) -> Result<char, Malformed> {
    let digits = name.strip_prefix('#').ok_or_else(|| Malformed(format!("&{name}; is not defined")))?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |digits| (digits, 16));
    let code = digits.chars().all(|digit| digit.is_digit(radix)).then(|| u32::from_str_radix(digits, radix));
    let code = code.and_then(Result::ok).and_then(char::from_u32);
    code.ok_or_else(|| Malformed(format!("&{name}; is not a character")))
}

fn malformed(reason: &str) -> Malformed {
    Malformed(reason.to_owned())
}

fn unreadable(error: impl std::fmt::Display) -> Malformed {
    Malformed(error.to_string())
}

/// XML 1.0, production 2.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[derive(Default)]
struct Writer {
    out: String,
    open: Vec<String>,
    elements: usize,
}

impl Writer {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), Malformed> {
        if self.open.is_empty() && self.elements > 0 {
            return Err(malformed("it has more than one root element"));
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS || self.open.len() >= MAX_DEPTH {
            return Err(malformed("it has too many elements"));
        }
        for attribute in element.attributes() {
            attribute.map_err(unreadable)?;
        }
        let name = element.local_name();
        let name = std::str::from_utf8(name.as_ref()).map_err(unreadable)?;
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(Malformed(format!("{name:?} is not the name of an element")));
        }
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        self.open.push(name.to_owned());
        Ok(())
    }

    fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
    }

    /// Refuses content outside of the root element.
    fn inside(&self, what: &str) -> Result<(), Malformed> {
        if self.open.is_empty() {
            return Err(Malformed(format!("it has {what} outside of its root element")));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Malformed> {
        if self.open.is_empty() {
            let blank = text.chars().all(|character| matches!(character, ' ' | '\t' | '\r' | '\n'));
            return if blank { Ok(()) } else { self.inside("text") };
        }
        text.chars().try_for_each(|character| self.character(character))
    }

    fn character(&mut self, character: char) -> Result<(), Malformed> {
        match character {
            '&' => self.out.push_str("&amp;"),
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '\r' => self.out.push_str("&#13;"), // as itself it would be the end of a line
            allowed if is_allowed(allowed) => self.out.push(allowed),
            other => return Err(Malformed(format!("XML has no character {:#06X}", u32::from(other)))),
        }
        Ok(())
    }

    fn finish(self) -> Result<String, Malformed> {
        match self.open.last() {
            Some(name) => Err(Malformed(format!("<{name}> is not closed"))),
            None if self.elements == 0 => Err(malformed("it has no element")),
            None => Ok(self.out),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_comes_out_as_it_was_meant() {
        for (written, meant) in [
            ("a&#x1F600;b", "a\u{1f600}b"),
            ("&#128512;", "\u{1f600}"),
            ("&#x10000;&#x10FFFF;", "\u{10000}\u{10ffff}"),
            ("<![CDATA[a<b>&amp;]]>c", "a&lt;b&gt;&amp;amp;c"),
            ("a<!-- not this -->b", "ab"),
            ("a<?nor this?>b", "ab"),
            ("&lt;&gt;&amp;&quot;&apos;", "&lt;&gt;&amp;\"'"),
            ("&#13;", "&#13;"),
            ("a\r\nb\rc", "a\nb\nc"),
            (" a ", " a "),
        ] {
            assert_eq!(plain(format!("<K>{written}</K>").as_bytes()).unwrap(), format!("<K>{meant}</K>"));
        }
    }

    #[test]
    fn the_rest_of_a_document_is_dropped() {
        let whole = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- a --><x:A xmlns:x='urn:x' b=\"1\"> \
                     <x:B/></x:A>\n<!-- b -->";
        assert_eq!(plain(whole.as_bytes()).unwrap(), "<A> <B></B></A>");
    }

    #[test]
    fn documents_that_are_not_well_formed_are_refused() {
        for document in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<a>&unknown;</a>",
            "<a>&#xD83D;&#xDE00;</a>",
            "<a>&#xD83D;</a>",
            "<a>&#0;</a>",
            "<a>&#1;</a>",
            "<a>&#x110000;</a>",
            "<a>&#+65;</a>",
            "<a>&#;</a>",
            "<a>&amp</a>",
            "<a>\u{1}</a>",
            "<a>\u{ffff}</a>",
            "<a b=c/>",
            "<a b='1' b='2'/>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a><![CDATA[</a>",
            "<![CDATA[a]]><a/>",
            "<a><!-- b</a>",
        ] {
            assert!(plain(document.as_bytes()).is_err(), "{document:?}");
        }
        assert!(plain(b"<a>\xff</a>").is_err());
        assert!(plain("<a>".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_survives_in_any_form(text in "\\PC{0,40}", form in 0..3_u8) {
            let written: String = match form {
                0 => text.chars().map(|character| format!("&#{};", u32::from(character))).collect(),
                1 => text.chars().map(|character| format!("&#x{:x};", u32::from(character))).collect(),
                _ => format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>")),
            };
            let out = plain(format!("<K>{written}</K>").as_bytes()).unwrap();
            let inner = out.strip_prefix("<K>").unwrap().strip_suffix("</K>").unwrap();
            prop_assert_eq!(quick_xml::escape::unescape(inner).unwrap(), text);
        }

        #[test]
        fn plain_documents_stay_as_they_are(document in "[<>/abKD&;#x0-9!\\[\\]\\- ]{0,60}") {
            if let Ok(once) = plain(document.as_bytes()) {
                prop_assert_eq!(plain(once.as_bytes()).unwrap(), once);
            }
        }
    }
}
