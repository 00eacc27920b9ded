//! The frame header, SOFn (T.81, B.2.2).

use crate::Rejection;
use crate::reader::be16;

/// A frame header that can be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    components: Vec<Component>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
}

impl Frame {
    /// Reads the `data` of the segment that `marker` (SOFn's second byte) begins.
    ///
    /// # Errors
    ///
    /// `Unsupported` for processes and precisions other than 8-bit Huffman DCT, `Damaged` for what T.81
    /// does not allow.
    pub(super) fn read(marker: u8, data: &[u8]) -> Result<Self, Rejection> {
        if let Some(what) = unsupported_process(marker) {
            return Err(Rejection::unsupported(what));
        }
        let cut = || Rejection::damaged("the JPEG's frame header is cut off");
        let precision = *data.first().ok_or_else(cut)?;
        let height = u32::from(be16(data, 1).ok_or_else(cut)?);
        let width = u32::from(be16(data, 3).ok_or_else(cut)?);
        let count = usize::from(*data.get(5).ok_or_else(cut)?);
        let table = data.get(6..6 + 3 * count).ok_or_else(cut)?;
        match precision {
            8 => {}
            2..=16 => {
                return Err(Rejection::unsupported(format!("a JPEG of {precision} bits a sample")));
            }
            _ => {
                return Err(Rejection::damaged(format!("the JPEG says {precision} bits a sample")));
            }
        }
        if height == 0 && width > 0 {
            return Err(Rejection::unsupported("a JPEG that tells its height only after a scan (DNL)"));
        }
        match count {
            1 | 3 | 4 => {}
            0 => return Err(Rejection::damaged("the JPEG has no components")),
            _ => {
                return Err(Rejection::unsupported(format!("a JPEG of {count} components")));
            }
        }
        let components = table.chunks_exact(3).map(Component::read).collect::<Result<_, _>>()?;
        Ok(Self { width, height, progressive: marker == 0xC2, components })
    }

    pub(super) fn ids(&self) -> Vec<u8> {
        self.components.iter().map(|component| component.id).collect()
    }

    /// Horizontal and vertical sampling factor of each component.
    pub(super) fn sampling(&self) -> Vec<(u8, u8)> {
        self.components.iter().map(|component| (component.horizontal, component.vertical)).collect()
    }
}

impl Component {
    fn read(entry: &[u8]) -> Result<Self, Rejection> {
        let &[id, sampling, _table] = entry else {
            return Err(Rejection::damaged("the JPEG's frame header is cut off"));
        };
        let (horizontal, vertical) = (sampling >> 4, sampling & 15);
        if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
            let what =
                format!("the JPEG says a component is sampled {horizontal} × {vertical}, beyond 1 to 4");
            return Err(Rejection::damaged(what));
        }
        Ok(Self { id, horizontal, vertical })
    }
}

/// The name of a coding process other than Huffman-coded sequential or progressive DCT (T.81, table B.1).
fn unsupported_process(marker: u8) -> Option<&'static str> {
    match marker {
        0xC3 => Some("lossless JPEG"),
        0xC5..=0xC7 => Some("hierarchical JPEG"),
        0xC9 | 0xCA => Some("JPEG with arithmetic coding"),
        0xCB => Some("lossless JPEG with arithmetic coding"),
        0xCD..=0xCF => Some("hierarchical JPEG with arithmetic coding"),
        0xF7 => Some("JPEG-LS"),
        _ => None,
    }
}
