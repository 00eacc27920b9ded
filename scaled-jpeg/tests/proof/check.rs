//! A generated file decoded and compared with its coefficients.

use std::fmt;

use scaled_jpeg::{Decoded, Decoder, Error, Options, Scale};

use crate::support::{
    case::Case,
    content::Content,
    dice::Dice,
    picture::Picture,
    reference::{self, Agreement},
};

/// Decoded with the default options.
pub(crate) fn decode(file: &[u8], scales: [Scale; 4]) -> Result<Decoded, Error> {
    Decoder::new(file)?.decode_planes(scales)
}

/// Decoded with these.
pub(crate) fn decode_with(file: &[u8], scales: [Scale; 4], options: Options) -> Result<Decoded, Error> {
    Decoder::new(file)?.with_options(options).decode_planes(scales)
}

/// Mostly one scale for all components, otherwise each its own.
pub(crate) fn scales(dice: &mut Dice<'_>) -> [Scale; 4] {
    if dice.one_in(3) { std::array::from_fn(|_| dice.pick(&Scale::ALL)) } else { [dice.pick(&Scale::ALL); 4] }
}

/// How `decoded` agrees with `picture`, by component.
pub(crate) fn agreement(picture: &Picture, decoded: &Decoded, scales: [Scale; 4]) -> Vec<Agreement> {
    assert_eq!(decoded.planes.len(), picture.components.len());
    let mut found = Vec::new();
    for (index, (plane, scale)) in decoded.planes.iter().zip(scales).enumerate() {
        let expected = reference::plane(picture, index, scale.numerator() as usize);
        let size = (plane.width as usize, plane.height as usize);
        assert_eq!(size, (expected.width, expected.height), "component {index} at {scale:?}");
        found.push(expected.agreement(&plane.samples));
    }
    found
}

/// Counts over many files.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) files: u64,
    pub(crate) identical: u64,
    pub(crate) within_one: u64,
    pub(crate) different: u64,
    pub(crate) scales: [Agreement; 6],
}

impl Tally {
    /// Decodes `case`, whose file is whole; a description of what is wrong with the answer, if something is.
    pub(crate) fn check(&mut self, case: &Case, scales: [Scale; 4]) -> Result<(), String> {
        let decoded = decode(&case.file.bytes, scales).map_err(|error| format!("refused: {error}"))?;
        if let Some(damage) = &decoded.damage {
            return Err(format!("called damaged: {damage:?}"));
        }
        let mut whole = Agreement::default();
        let mut wrong = None;
        for (index, found) in agreement(&case.picture, &decoded, scales).into_iter().enumerate() {
            self.add(scales[index], found);
            whole = whole.plus(found);
            let exact = scales[index] == Scale::Eighth;
            if found.different > 0 || exact && found.within_one > 0 {
                wrong = Some(format!("component {index} at {:?}: {found}", scales[index]));
            }
        }
        self.files += 1;
        match whole.worst {
            0 => self.identical += 1,
            1 => self.within_one += 1,
            _ => self.different += 1,
        }
        // No samples have these coefficients, and 16 bits do not hold them all.
        match wrong.filter(|_| case.content != Content::Wild) {
            Some(wrong) => Err(wrong),
            None => Ok(()),
        }
    }

    pub(crate) fn add(&mut self, scale: Scale, found: Agreement) {
        let at = Scale::ALL.iter().position(|&other| other == scale).unwrap();
        self.scales[at] = self.scales[at].plus(found);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, identical, within_one, different, scales } = self;
        writeln!(f, "{files} files: {identical} identical, {within_one} within ±1, {different} different")?;
        for (scale, found) in Scale::ALL.iter().zip(scales) {
            writeln!(f, "  {}/8 samples: {found}", scale.numerator())?;
        }
        Ok(())
    }
}

/// What went wrong in a sweep, a line a file.
#[derive(Default)]
pub(crate) struct Complaints(Vec<String>);

impl Complaints {
    pub(crate) fn add(&mut self, case: &Case, what: String) {
        let factors: Vec<_> = case
            .picture
            .components
            .iter()
            .map(|component| (component.horizontal, component.vertical))
            .collect();
        let (width, height) = (case.picture.width, case.picture.height);
        let encoding = &case.encoding;
        self.0.push(format!(
            "{what}\n    {width} × {height}, {factors:?}, {:?}, {:?}, {:?}, fill {}, runs to {}, scans {:?}",
            case.content,
            encoding.process,
            encoding.tables,
            encoding.fill,
            encoding.longest_run,
            encoding
                .scans
                .iter()
                .map(|scan| (&scan.components, scan.band, scan.high, scan.low, scan.restart))
                .collect::<Vec<_>>(),
        ));
    }

    pub(crate) fn none(self) {
        let shown = self.0.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.0.is_empty(), "{} files are decoded wrongly:\n{shown}", self.0.len());
    }
}
