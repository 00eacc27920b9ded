//! Codes: the standard's (T.81 Annex K.3) and those made for a picture (Annex K.2).

/// A Huffman code as DHT says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// How many codes there are of each length, 1 to 16.
    pub(crate) lengths: [u8; 16],
    /// What they stand for, from the shortest.
    pub(crate) symbols: Vec<u8>,
}

impl Code {
    /// The best code of at most 16 bits for symbols that come up so often; one of all ones is left unused, as
    /// the format demands.
    pub(crate) fn of(counts: &[u32]) -> Self {
        let mut used: Vec<(u32, u8)> = (0..=255)
            .zip(counts)
            .filter(|(_, count)| **count > 0)
            .map(|(symbol, &count)| (count, symbol))
            .collect();
        used.sort_unstable_by_key(|&(count, symbol)| (count, std::cmp::Reverse(symbol)));
        let mut lengths = limited(depths(&used));
        // The longest code is that of the symbol that never comes.
        if let Some(longest) = lengths.iter_mut().rev().find(|count| **count > 0) {
            *longest -= 1;
        }
        // A whole tree's leaves are never 257 at one depth, so that the count of each fits.
        let lengths = lengths.map(|count| count as u8);
        Self { lengths, symbols: used.iter().rev().map(|&(_, symbol)| symbol).collect() }
    }

    /// Every symbol's code and its length.
    pub(crate) fn assigned(&self) -> [(u16, u8); 256] {
        let mut codes = [(0, 0); 256];
        let lengths =
            (1..=16).zip(&self.lengths).flat_map(|(length, &count)| (0..count).map(move |_| length));
        let (mut next, mut before) = (0_u32, 0);
        for (&symbol, length) in self.symbols.iter().zip(lengths) {
            next <<= length - before;
            codes[usize::from(symbol)] = (next as u16, length);
            next += 1;
            before = length;
        }
        codes
    }

    /// What to write for a symbol whose low four bits say how many bits of value follow: from bit 5 the code,
    /// moved up to leave room for the value; in the low five bits the length of both.
    pub(crate) fn packed(&self) -> [u32; 256] {
        let mut packed = [0; 256];
        for (symbol, (code, length)) in self.assigned().into_iter().enumerate() {
            let size = symbol as u32 & 15;
            if length > 0 {
                packed[symbol] = u32::from(code) << (size + 5) | (u32::from(length) + size);
            }
        }
        packed
    }
}

/// How many leaves of Huffman's tree lie at each depth, for symbols from the rarest and one that is rarer still.
fn depths(used: &[(u32, u8)]) -> [u32; 64] {
    // Leaves and inner nodes both come up in rising order, so that two queues do for a heap.
    let leaves: Vec<u64> =
        std::iter::once(0).chain(used.iter().map(|&(count, _)| u64::from(count))).collect();
    let mut nodes: Vec<u64> = Vec::with_capacity(leaves.len());
    let mut children = Vec::with_capacity(leaves.len());
    let (mut leaf, mut node) = (0, 0);
    for _ in 1..leaves.len() {
        let mut take = || {
            let take_leaf = leaf < leaves.len() && (node >= nodes.len() || leaves[leaf] <= nodes[node]);
            if take_leaf {
                leaf += 1;
                (leaves[leaf - 1], None)
            } else {
                node += 1;
                (nodes[node - 1], Some(node - 1))
            }
        };
        let (first, second) = (take(), take());
        nodes.push(first.0 + second.0);
        children.push([first.1, second.1]);
    }
    let mut depth = vec![0; nodes.len()];
    let mut found = [0; 64];
    for at in (0..nodes.len()).rev() {
        for child in children[at] {
            match child {
                Some(node) => depth[node] = depth[at] + 1,
                // 2³² symbols make no tree deeper than 46.
                None => found[depth[at] + 1] += 1,
            }
        }
    }
    if nodes.is_empty() {
        found[1] = 1;
    }
    found
}

/// Annex K.3: pairs of too long codes are moved up, each with a shorter one that makes room.
fn limited(mut depths: [u32; 64]) -> [u32; 16] {
    for long in (17..64).rev() {
        while depths[long] > 0 {
            let Some(short) = (1..long - 1).rev().find(|&short| depths[short] > 0) else { break };
            depths[long] -= 2;
            depths[long - 1] += 1;
            depths[short + 1] += 2;
            depths[short] -= 1;
        }
    }
    std::array::from_fn(|at| depths[at + 1])
}

/// The standard's codes of DC: luma's, chroma's.
pub(crate) fn standard_dc() -> [Code; 2] {
    let code = |lengths| Code { lengths, symbols: (0..12).collect() };
    [
        code([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
        code([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
    ]
}

/// The standard's codes of AC: luma's, chroma's.
pub(crate) fn standard_ac() -> [Code; 2] {
    [
        Code { lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], symbols: AC_LUMA.to_vec() },
        Code { lengths: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], symbols: AC_CHROMA.to_vec() },
    ]
}

const AC_LUMA: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33,
    0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34,
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76,
    0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5,
    0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4,
    0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1,
    0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

const AC_CHROMA: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13,
    0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62,
    0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29,
    0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54,
    0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75,
    0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3,
    0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2,
    0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA,
    0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sum of 2^-length, in 2⁻¹⁶.
    fn kraft(code: &Code) -> u32 {
        (1..=16).zip(&code.lengths).map(|(length, &count)| u32::from(count) << (16 - length)).sum()
    }

    fn cost(code: &Code, counts: &[u32]) -> u64 {
        let codes = code.assigned();
        counts.iter().zip(codes).map(|(&count, (_, length))| u64::from(count) * u64::from(length)).sum()
    }

    fn check(counts: &[u32]) -> Code {
        let code = Code::of(counts);
        let used = counts.iter().filter(|&&count| count > 0).count();
        assert_eq!(code.symbols.len(), used);
        assert_eq!(code.lengths.iter().map(|&count| usize::from(count)).sum::<usize>(), used);
        assert!(kraft(&code) < 1 << 16, "the code of all ones is in use");
        let codes = code.assigned();
        let mut by_count: Vec<_> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
        by_count.sort_by_key(|&symbol| counts[symbol]);
        assert!(
            by_count
                .windows(2)
                .all(|two| { counts[two[0]] == counts[two[1]] || codes[two[0]].1 >= codes[two[1]].1 })
        );
        code
    }

    proptest! {
        #[test]
        fn any_counts_make_a_code(counts in prop::collection::vec(prop_oneof![Just(0), 0u32..5, any::<u32>()], 0..=256)) {
            check(&counts);
        }
    }

    #[test]
    fn counts_like_fibonaccis_are_held_to_sixteen_bits() {
        let mut counts = vec![1, 1];
        while counts.len() < 44 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        check(&counts);
    }

    #[test]
    fn all_symbols_alike_take_eight_bits_or_nine() {
        let code = check(&[7; 256]);
        assert_eq!((code.lengths[7], code.lengths[8]), (255, 1));
    }

    #[test]
    fn one_symbol_takes_one_bit() {
        let code = check(&[0, 9]);
        assert_eq!((code.lengths[0], &code.symbols[..]), (1, &[1][..]));
        assert_eq!(Code::of(&[]).symbols, []);
    }

    #[test]
    fn made_codes_are_optimal() {
        // Huffman's tree over 5, 9, 12, 13, 16, 45 and the one that never comes.
        let counts = [5, 9, 12, 13, 16, 45];
        assert_eq!(cost(&check(&counts), &counts), 5 * 5 + 9 * 4 + (12 + 13 + 16) * 3 + 45);
    }

    #[test]
    fn standard_codes_are_whole() {
        for code in standard_dc().into_iter().chain(standard_ac()) {
            assert_eq!(
                code.lengths.iter().map(|&count| usize::from(count)).sum::<usize>(),
                code.symbols.len()
            );
            assert!(kraft(&code) < 1 << 16);
            let mut symbols = code.symbols.clone();
            symbols.sort_unstable();
            symbols.dedup();
            assert_eq!(symbols.len(), code.symbols.len());
        }
        assert_eq!(standard_ac().map(|code| code.symbols.len()), [162, 162]);
        // T.81 tables K.5 and K.6: EOB, ZRL, and the longest run's largest size.
        let [luma, chroma] = standard_ac().map(|code| code.assigned());
        assert_eq!((luma[0x00], luma[0xF0], luma[0xFA]), ((0b1010, 4), (0b111_1111_1001, 11), (0xFFFE, 16)));
        assert_eq!(
            (chroma[0x00], chroma[0xF0], chroma[0xFA]),
            ((0b00, 2), (0b11_1111_1010, 10), (0xFFFE, 16))
        );
    }
}
