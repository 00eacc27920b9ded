//! What a scan is made of before its Huffman tables are known.

/// Which alphabet a symbol is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Dc = 0,
    Ac = 1,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Token {
    /// A symbol by the table of a class and slot.
    Code { class: Class, slot: u8, symbol: u8 },
    /// Bits as they are, the lowest `count` of `value`.
    Bits { value: u16, count: u8 },
    /// An MCU begins.
    Mcu,
    /// The next restart marker.
    Restart,
}

/// How many bits `value`'s magnitude takes (F.1.2.1.2).
pub(crate) fn category(value: i32) -> u8 {
    (32 - value.unsigned_abs().leading_zeros()) as u8
}

/// The bits that follow the category of `value`: for a negative one, those of `value - 1`.
pub(crate) fn magnitude(value: i32) -> Token {
    let count = category(value);
    let bits = if value < 0 { value - 1 } else { value };
    Token::Bits { value: (bits & ((1 << count) - 1)) as u16, count }
}
