//! Huffman tables of several kinds.

use super::token::Class;

/// Which codes the symbols get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Annex K's, if it has all the symbols; else the best ones.
    Standard,
    /// The shortest for the file, as optimising encoders write (K.2).
    Optimal,
    /// The rarer a symbol the shorter its code, most of them 16 bits long.
    Skewed,
    /// All of them equally long, as long as the tree is deep: no code leads to most of it.
    Sparse,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Standard, Self::Optimal, Self::Skewed, Self::Sparse];
}

/// A table as a file says it: how many codes there are of each length, then the symbols (C.1).
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) counts: [u8; 16],
    pub(crate) symbols: Vec<u8>,
}

impl Table {
    /// A table for symbols that occur so many times. Slots after the first are taken for chroma's.
    pub(crate) fn new(kind: Kind, class: Class, slot: u8, times: &[u32; 256]) -> Self {
        let used: Vec<u8> = (0..=255).filter(|&symbol| times[usize::from(symbol)] > 0).collect();
        match kind {
            Kind::Standard => {
                let table = Self::standard(class, slot > 0);
                let whole = used.iter().all(|symbol| table.symbols.contains(symbol));
                if whole { table } else { Self::optimal(times) }
            }
            Kind::Optimal => Self::optimal(times),
            Kind::Skewed => {
                let mut symbols = used;
                symbols.sort_by_key(|&symbol| times[usize::from(symbol)]);
                // One of each length up to 7, which leaves 511 codes of 16 bits that are not all ones.
                Self::of_lengths(symbols, |index| if index < 7 { index + 1 } else { 16 })
            }
            Kind::Sparse => Self::of_lengths(used, |_| 16),
        }
    }

    fn of_lengths(symbols: Vec<u8>, length: impl Fn(usize) -> usize) -> Self {
        let mut counts = [0; 16];
        (0..symbols.len()).for_each(|index| counts[length(index) - 1] += 1);
        Self { counts, symbols }
    }

    /// K.2: Huffman's tree with one more symbol that takes the code of all ones, then no code longer than 16 bits.
    fn optimal(times: &[u32; 256]) -> Self {
        let mut lengths = tree(times);
        shorten(&mut lengths);
        // The longest code goes to the symbol that is none.
        let longest = (1..lengths.len()).rev().find(|&length| lengths[length] > 0).unwrap_or(1);
        lengths[longest] -= 1;
        let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| times[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| std::cmp::Reverse(times[usize::from(symbol)]));
        Self { counts: std::array::from_fn(|index| lengths[index + 1] as u8), symbols }
    }

    /// Annex K.3.
    fn standard(class: Class, chroma: bool) -> Self {
        let (counts, symbols): ([u8; 16], &[u8]) = match (class, chroma) {
            (Class::Dc, false) => ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &DC),
            (Class::Dc, true) => ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &DC),
            (Class::Ac, false) => ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d], &LUMA_AC),
            (Class::Ac, true) => ([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77], &CHROMA_AC),
        };
        Self { counts, symbols: symbols.to_vec() }
    }

    /// Code and length of each symbol (C.2); a length of 0 is no code.
    pub(crate) fn codes(&self) -> [(u16, u8); 256] {
        let (mut codes, mut code) = ([(0, 0); 256], 0_u32);
        let mut symbols = self.symbols.iter();
        for (index, &count) in self.counts.iter().enumerate() {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(symbol)] = (code as u16, index as u8 + 1);
                code += 1;
            }
            code <<= 1;
        }
        codes
    }
}

/// How many codes there are of each length, the code of all ones among them.
fn tree(times: &[u32; 256]) -> Vec<usize> {
    let used = times.iter().filter(|&&times| times > 0);
    // Weight, and the depths of the leaves below.
    let mut nodes: Vec<(u64, Vec<usize>)> = used.map(|&times| (u64::from(times) << 1, vec![0])).collect();
    nodes.push((1, vec![0]));
    while nodes.len() > 1 {
        nodes.sort_by_key(|node| std::cmp::Reverse(node.0));
        let (Some(a), Some(b)) = (nodes.pop(), nodes.pop()) else { break };
        let depths = a.1.iter().chain(&b.1).map(|depth| depth + 1).collect();
        nodes.push((a.0 + b.0, depths));
    }
    let mut lengths = vec![0; 260];
    nodes.iter().flat_map(|node| &node.1).for_each(|&depth| lengths[depth] += 1);
    lengths
}

/// No code longer than 16 bits (figure K.3).
fn shorten(lengths: &mut [usize]) {
    for length in (17..lengths.len()).rev() {
        while lengths[length] > 0 {
            let shorter = (1..length - 1).rev().find(|&shorter| lengths[shorter] > 0).unwrap_or(1);
            lengths[length] -= 2;
            lengths[length - 1] += 1;
            lengths[shorter + 1] += 2;
            lengths[shorter] -= 1;
        }
    }
}

const DC: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

const LUMA_AC: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33,
    0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34,
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76,
    0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5,
    0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4,
    0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1,
    0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

const CHROMA_AC: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13,
    0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62,
    0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29,
    0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54,
    0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75,
    0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3,
    0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2,
    0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea,
    0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];
