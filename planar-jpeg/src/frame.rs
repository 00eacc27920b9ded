//! The order of blocks: components, and the MCU rows they are interleaved in (T.81 A.2).

use crate::quantization::{Tables, roundings};
use crate::transform::{Block, Quantizer, transform};
use crate::{Error, Picture, Planes};

/// One plane and its place in an MCU.
pub(crate) struct Component<'a> {
    samples: &'a [u8],
    width: usize,
    height: usize,
    /// Blocks across and down an MCU.
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    /// Which tables it uses: 0 for luma, 1 for chroma.
    pub(crate) table: usize,
    /// Blocks that hold samples, across and down.
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Blocks in a row as they are kept: an even number, at least a whole row of MCUs.
    pub(crate) stride: usize,
}

/// A picture cut into MCUs.
pub(crate) struct Frame<'a> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) components: Vec<Component<'a>>,
    /// MCUs across and down.
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(picture: &Picture<'a>) -> Result<Self, Error> {
        let (width, height) = picture.checked()?;
        let (planes, factor) = match picture.planes {
            Planes::Grey(grey) => (vec![grey], 1),
            Planes::YCbCr420 { luma, blue, red } => (vec![luma, blue, red], 2),
            Planes::YCbCr444 { luma, blue, red } => (vec![luma, blue, red], 1),
        };
        let (wide, high) = (usize::from(width), usize::from(height));
        let (columns, rows) = (wide.div_ceil(8 * factor), high.div_ceil(8 * factor));
        let component = |(at, samples): (usize, &'a [u8])| {
            let (own, shrink) = if at == 0 { (factor, 1) } else { (1, factor) };
            let (width, height) = (wide.div_ceil(shrink), high.div_ceil(shrink));
            Component {
                samples,
                width,
                height,
                horizontal: own,
                vertical: own,
                table: usize::from(at > 0),
                columns: width.div_ceil(8),
                rows: height.div_ceil(8),
                stride: (columns * own).next_multiple_of(2),
            }
        };
        let components = planes.into_iter().enumerate().map(component).collect();
        Ok(Self { width, height, components, columns, rows })
    }

    pub(crate) fn is_grey(&self) -> bool {
        self.components.len() == 1
    }

    /// Blocks in a row of MCUs.
    pub(crate) fn blocks_a_row(&self) -> usize {
        self.columns
            * self.components.iter().map(|component| component.horizontal * component.vertical).sum::<usize>()
    }
}

/// Makes a frame's blocks, a row of MCUs at a time.
pub(crate) struct Forward {
    quantizers: [Quantizer; 2],
    /// Eight rows of samples, widened to whole pairs of blocks.
    strip: Vec<u8>,
    /// A row of MCUs: for each component its rows of blocks, `stride` a row.
    pub(crate) blocks: Vec<Vec<Block>>,
}

impl Forward {
    pub(crate) fn new(frame: &Frame, tables: &Tables) -> Self {
        let roundings = roundings();
        let quantizers = [0, 1].map(|table| Quantizer::new(&tables.0[table], &roundings[table]));
        let blocks = |component: &Component| vec![Block::ZERO; component.stride * component.vertical];
        Self { quantizers, strip: Vec::new(), blocks: frame.components.iter().map(blocks).collect() }
    }

    /// Fills `blocks` with the row of MCUs of that number.
    pub(crate) fn row(&mut self, frame: &Frame, number: usize) {
        for (component, blocks) in frame.components.iter().zip(&mut self.blocks) {
            let first = number * component.vertical;
            let real = (component.rows - first).min(component.vertical);
            let quantizer = &self.quantizers[component.table];
            for (at, row) in blocks.chunks_exact_mut(component.stride).take(real).enumerate() {
                let samples = component.eight_rows((first + at) * 8, &mut self.strip);
                transform(samples, component.stride * 8, quantizer, row);
                component.fill_right(row);
            }
            component.fill_below(blocks, real);
        }
    }
}

impl Component<'_> {
    /// Eight rows of samples from `y`, `stride` × 8 wide; the last column and row are repeated.
    fn eight_rows<'s>(&'s self, y: usize, strip: &'s mut Vec<u8>) -> &'s [u8] {
        let wide = self.stride * 8;
        if wide == self.width && y + 8 <= self.height {
            return &self.samples[y * wide..(y + 8) * wide];
        }
        strip.clear();
        for row in y..y + 8 {
            let start = row.min(self.height - 1) * self.width;
            let samples = &self.samples[start..start + self.width];
            strip.extend_from_slice(samples);
            strip.resize((row + 1 - y) * wide, samples[self.width - 1]);
        }
        strip
    }

    /// Blocks right of the picture cost next to nothing if they are as flat as the one before.
    fn fill_right(&self, row: &mut [Block]) {
        let (real, beyond) = row.split_at_mut(self.columns);
        let flat = real.last().map_or(Block::ZERO, |block| Block::flat(block.dc()));
        beyond.fill(flat);
    }

    /// So do those below, where the block before is the last of the MCU's row above.
    fn fill_below(&self, blocks: &mut [Block], real: usize) {
        for at in real..self.vertical {
            let (above, below) = blocks.split_at_mut(at * self.stride);
            let above = &above[(at - 1) * self.stride..];
            for (mcu, below) in below[..self.stride].chunks_mut(self.horizontal).enumerate() {
                let last = (mcu * self.horizontal + self.horizontal - 1).min(above.len() - 1);
                below.fill(Block::flat(above[last].dc()));
            }
        }
    }
}
