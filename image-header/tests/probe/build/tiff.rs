//! TIFF directories, for TIFF files and Exif blocks.

/// A directory's entry: tag, type, count, and the value's bytes, in the file's order.
#[derive(Clone)]
pub(crate) struct Entry(pub(crate) u16, pub(crate) u16, pub(crate) u32, pub(crate) Vec<u8>);

/// Writes numbers in one byte order and keeps what was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}

pub(crate) const BOTH: [Order; 2] = [Order::Little, Order::Big];

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    fn u64(self, value: u64) -> [u8; 8] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn short(self, tag: u16, value: u16) -> Entry {
        Entry(tag, 3, 1, self.u16(value).to_vec())
    }

    pub(crate) fn shorts(self, tag: u16, values: &[u16]) -> Entry {
        let bytes = values.iter().flat_map(|&value| self.u16(value)).collect();
        Entry(tag, 3, values.len() as u32, bytes)
    }

    pub(crate) fn long(self, tag: u16, value: u32) -> Entry {
        Entry(tag, 4, 1, self.u32(value).to_vec())
    }

    /// `II*\0` or `MM\0*`, the first directory's offset 8.
    pub(crate) fn header(self) -> Vec<u8> {
        let mark: &[u8] = if self == Self::Little { b"II" } else { b"MM" };
        [mark, &self.u16(42), &self.u32(8)].concat()
    }

    /// A directory at `at` that `next` follows; values that do not fit an entry come right after it.
    pub(crate) fn directory(self, at: usize, entries: &[Entry], next: u32) -> Vec<u8> {
        let mut bytes = self.u16(entries.len() as u16).to_vec();
        let mut behind = Vec::new();
        let behind_at = at + 2 + 12 * entries.len() + 4;
        for Entry(tag, kind, count, value) in entries {
            bytes.extend(self.u16(*tag));
            bytes.extend(self.u16(*kind));
            bytes.extend(self.u32(*count));
            if value.len() <= 4 {
                let mut field = value.clone();
                field.resize(4, 0);
                bytes.extend(field);
            } else {
                bytes.extend(self.u32((behind_at + behind.len()) as u32));
                behind.extend_from_slice(value);
            }
        }
        bytes.extend(self.u32(next));
        bytes.extend(behind);
        bytes
    }

    /// A TIFF of one directory.
    pub(crate) fn file(self, entries: &[Entry]) -> Vec<u8> {
        [self.header(), self.directory(8, entries, 0)].concat()
    }

    /// Returns a BigTIFF of one directory.
    pub(crate) fn big_file(self, entries: &[Entry]) -> Vec<u8> {
        let mark: &[u8] = if self == Self::Little { b"II" } else { b"MM" };
        let mut bytes = [mark, &self.u16(43), &self.u16(8), &[0; 2], &self.u64(16)].concat();
        bytes.extend(self.u64(entries.len() as u64));
        let mut behind = Vec::new();
        let behind_at = bytes.len() + 20 * entries.len() + 8;
        for Entry(tag, kind, count, value) in entries {
            bytes.extend(self.u16(*tag));
            bytes.extend(self.u16(*kind));
            bytes.extend(self.u64((*count).into()));
            let mut field = value.clone();
            if value.len() > 8 {
                field = self.u64((behind_at + behind.len()) as u64).to_vec();
                behind.extend_from_slice(value);
            }
            field.resize(8, 0);
            bytes.extend(field);
        }
        bytes.extend(self.u64(0));
        bytes.extend(behind);
        bytes
    }

    /// Exif with an orientation, a GPS position and the interoperability index `index`.
    pub(crate) fn exif(self, orientation: u16, gps_tag: u16, index: &[u8; 4]) -> Vec<u8> {
        let (first, exif, interoperability, gps) = (8, 100, 200, 300);
        let parts = [
            (
                first,
                self.directory(
                    first,
                    &[self.short(0x0112, orientation), self.long(0x8769, 100), self.long(0x8825, 300)],
                    0,
                ),
            ),
            (exif, self.directory(exif, &[self.long(0xA005, 200)], 0)),
            (interoperability, self.directory(interoperability, &[Entry(1, 2, 4, index.to_vec())], 0)),
            (gps, self.directory(gps, &[Entry(gps_tag, 5, 3, vec![0; 24])], 0)),
        ];
        let mut block = self.header();
        for (at, part) in parts {
            block.resize(at, 0);
            block.extend(part);
        }
        block
    }

    /// Returns the entries of an uncompressed 4 × 2 picture in one strip at byte 4, with `bits` for each sample.
    pub(crate) fn picture(self, photometric: u16, bits: &[u16]) -> Vec<Entry> {
        vec![
            self.long(256, 4),
            self.short(257, 2),
            self.shorts(258, bits),
            self.short(259, 1),
            self.short(262, photometric),
            self.long(273, 4),
            self.short(277, bits.len() as u16),
            self.long(278, 2),
            self.long(279, bits.iter().map(|&bits| u32::from(bits)).sum()),
        ]
    }
}

/// Replaces the entry with `entry`'s tag, or adds it.
pub(crate) fn with(mut entries: Vec<Entry>, entry: Entry) -> Vec<Entry> {
    entries.retain(|other| other.0 != entry.0);
    entries.push(entry);
    entries.sort_by_key(|entry| entry.0);
    entries
}
