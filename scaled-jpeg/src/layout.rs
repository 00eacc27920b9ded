//! Where blocks and MCUs lie.

use crate::header::Header;
use crate::idct::Order;
use crate::plane::Plane;
use crate::scale::Scale;
use crate::scan::Scan;

/// A component at its scale.
pub(crate) struct Channel {
    pub(crate) scale: Scale,
    pub(crate) order: Order,
    /// Blocks of an MCU where several components share one.
    pub(crate) horizontal: u32,
    pub(crate) vertical: u32,
    /// Samples at full size.
    width: u32,
    height: u32,
}

impl Channel {
    /// Blocks that the component has, across and down; whole MCUs may have more.
    pub(crate) fn blocks(&self) -> (u32, u32) {
        (self.width.div_ceil(8), self.height.div_ceil(8))
    }

    pub(crate) fn plane(&self) -> Plane {
        Plane::new(self.scale.of(self.width), self.scale.of(self.height))
    }

    /// Bytes of the plane.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.scale.of(self.width)) * u64::from(self.scale.of(self.height))
    }
}

/// The whole frame.
pub(crate) struct Layout {
    pub(crate) channels: Vec<Channel>,
    /// MCUs across and down, of scans of several components.
    mcus: (u32, u32),
}

impl Layout {
    pub(crate) fn new(header: &Header<'_>, scales: [Scale; 4]) -> Self {
        let channels: Vec<Channel> = header
            .components
            .iter()
            .zip(scales)
            .map(|(component, scale)| Channel {
                scale,
                order: Order::new(scale),
                horizontal: component.horizontal.into(),
                vertical: component.vertical.into(),
                width: component.width,
                height: component.height,
            })
            .collect();
        let most = |factor: fn(&Channel) -> u32| channels.iter().map(factor).max().unwrap_or(1);
        let mcus = (
            header.width.div_ceil(8 * most(|channel| channel.horizontal)),
            header.height.div_ceil(8 * most(|channel| channel.vertical)),
        );
        Self { channels, mcus }
    }

    /// MCUs of `scan`, across and down: a component on its own has MCUs of one block (T.81, A.2.2).
    pub(crate) fn mcus(&self, scan: &Scan) -> (u32, u32) {
        match scan.parts.as_slice() {
            [part] => self.channels[part.component].blocks(),
            _ => self.mcus,
        }
    }

    /// The blocks of an MCU of `scan`.
    pub(crate) fn units(&self, scan: &Scan) -> Vec<Unit> {
        if scan.parts.len() == 1 {
            return vec![Unit { part: 0, across: 1, down: 1, x: 0, y: 0 }];
        }
        let mut units = Vec::new();
        for (part, component) in scan.parts.iter().map(|part| part.component).enumerate() {
            let (across, down) = (self.channels[component].horizontal, self.channels[component].vertical);
            let blocks = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
            units.extend(blocks.map(|(x, y)| Unit { part, across, down, x, y }));
        }
        units
    }

    /// Blocks that the frame has at all.
    pub(crate) fn blocks(&self) -> u64 {
        let blocks = self.channels.iter().map(Channel::blocks);
        blocks.map(|(across, down)| u64::from(across) * u64::from(down)).sum()
    }
}

/// A block's place in an MCU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    /// Whose block it is: an index into the scan's parts.
    pub(crate) part: usize,
    /// Blocks of that component in an MCU.
    across: u32,
    down: u32,
    x: u32,
    y: u32,
}

impl Unit {
    /// Column and row of this block in the MCU of that column and row.
    #[inline(always)]
    pub(crate) fn block(self, mcu_x: u32, mcu_y: u32) -> (u32, u32) {
        (mcu_x * self.across + self.x, mcu_y * self.down + self.y)
    }
}
