//! A picture as quantised coefficients.

/// The coefficients of eight by eight samples, in zigzag order.
pub(crate) type Block = [i16; 64];

/// Position in the zigzag order to row × 8 + column (T.81, figure A.6).
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: Vec<Component>,
    /// Quantisation tables in zigzag order; values beyond 255 make the file's tables 16 bits wide.
    pub(crate) quantization: [[u16; 64]; 4],
}

#[derive(Debug, Clone)]
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    /// Which quantisation table.
    pub(crate) table: usize,
    /// Blocks in a row of `blocks`, those that only fill the last MCU with them.
    pub(crate) across: usize,
    pub(crate) blocks: Vec<Block>,
}

/// Sampling factors, across and down.
pub(crate) type Factors = (u8, u8);

impl Picture {
    /// All coefficients zero, all steps one.
    pub(crate) fn grey(width: u32, height: u32, factors: &[Factors]) -> Self {
        let mut picture = Self { width, height, components: Vec::new(), quantization: [[1; 64]; 4] };
        for (index, &(horizontal, vertical)) in factors.iter().enumerate() {
            let (id, table) = (index as u8 + 1, usize::from(index > 0));
            picture.components.push(Component {
                id,
                horizontal,
                vertical,
                table,
                across: 0,
                blocks: Vec::new(),
            });
        }
        let (columns, rows) = picture.mcus();
        for component in &mut picture.components {
            component.across = columns * usize::from(component.horizontal);
            let down = rows * usize::from(component.vertical);
            component.blocks = vec![[0; 64]; component.across * down];
        }
        picture
    }

    /// The largest factors.
    pub(crate) fn largest(&self) -> Factors {
        let most = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1);
        (most(|component| component.horizontal), most(|component| component.vertical))
    }

    /// MCUs of an interleaved scan, across and down.
    pub(crate) fn mcus(&self) -> (usize, usize) {
        let (horizontal, vertical) = self.largest();
        (
            self.width.div_ceil(8 * u32::from(horizontal)) as usize,
            self.height.div_ceil(8 * u32::from(vertical)) as usize,
        )
    }

    /// Samples of component `index` (A.1.1).
    pub(crate) fn samples(&self, index: usize) -> (u32, u32) {
        let (component, (horizontal, vertical)) = (&self.components[index], self.largest());
        let scaled = |side: u32, factor: u8, most: u8| (side * u32::from(factor)).div_ceil(u32::from(most));
        (
            scaled(self.width, component.horizontal, horizontal),
            scaled(self.height, component.vertical, vertical),
        )
    }

    /// Blocks of component `index` in a scan of its own (A.2.2).
    pub(crate) fn blocks(&self, index: usize) -> (usize, usize) {
        let (width, height) = self.samples(index);
        (width.div_ceil(8) as usize, height.div_ceil(8) as usize)
    }

    /// The blocks of a scan in the order in which they are written: MCU by MCU, component and block number.
    pub(crate) fn order(&self, components: &[usize]) -> Vec<Vec<(usize, usize)>> {
        if let &[alone] = components {
            let (columns, rows) = self.blocks(alone);
            let across = self.components[alone].across;
            return (0..rows)
                .flat_map(|row| (0..columns).map(move |column| vec![(alone, row * across + column)]))
                .collect();
        }
        let (columns, rows) = self.mcus();
        let mut mcus = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let mut mcu = Vec::new();
                for &index in components {
                    let component = &self.components[index];
                    let (across, down) = (usize::from(component.horizontal), usize::from(component.vertical));
                    for y in row * down..(row + 1) * down {
                        mcu.extend(
                            (column * across..(column + 1) * across)
                                .map(|x| (index, y * component.across + x)),
                        );
                    }
                }
                mcus.push(mcu);
            }
        }
        mcus
    }
}
