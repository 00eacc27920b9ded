//! Errors of decoders' libraries in words that an author understands. Their own texts name Rust types and functions.

use std::fmt::Display;

/// The file ends before the picture does.
pub(super) const CUT_OFF: &str = "the file ends too early";

/// Texts in libraries' errors, in lower case, and what they mean. The first that is found counts.
const MEANINGS: [(&[&str], &str); 6] = [
    (
        &[
            "end of file",
            "eof",
            "unexpected end",
            "fill whole buffer",
            "prematurely",
            "truncated",
            "not enough data",
        ],
        CUT_OFF,
    ),
    (&["crc", "checksum", "adler"], "a checksum is wrong"),
    (&["memory", "limit", "too large"], "it needs more memory than its size lets expect"),
    (&["palette", "color table", "colour table"], "its palette is missing or too short"),
    (
        &["lzw", "deflate", "zlib", "inflate", "huffman", "compress", "code", "bit stream", "bitstream"],
        "its compressed data are corrupt",
    ),
    (&["dimension", "size", "width", "height"], "its sizes contradict each other"),
];

/// Returns what `error` means for the file.
pub(super) fn in_words(error: &impl Display) -> &'static str {
    let text = error.to_string().to_lowercase();
    let means = |(marks, _): &&(&[&str], &str)| marks.iter().any(|mark| text.contains(mark));
    MEANINGS.iter().find(means).map_or("its data are corrupt", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_libraries_become_words() {
        for (text, words) in [
            ("failed to fill whole buffer", CUT_OFF),
            ("Unexpected End of File", CUT_OFF),
            (
                "CRC error: expected 0x1 have 0x2 while decoding ChunkType { type: IDAT } chunk.",
                "a checksum is wrong",
            ),
            ("Corrupt deflate stream. InvalidHuffmanCode", "its compressed data are corrupt"),
            ("no color table available for current frame", "its palette is missing or too short"),
            ("Sub frame is out-of-bounds.", "its data are corrupt"),
        ] {
            assert_eq!(in_words(&text), words, "{text}");
        }
    }
}
