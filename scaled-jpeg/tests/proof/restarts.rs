//! Restart markers: damage stays within its interval.

use scaled_jpeg::{Decoded, OnDamage, Options, Scale};

use crate::{
    check::{decode, decode_with},
    files,
    support::{dice::Dice, encode::File, picture::Picture},
    truncation::tile,
};

const SCALES: [Scale; 4] = [Scale::Full, Scale::Half, Scale::Eighth, Scale::Full];
const INTERVAL: usize = 4;

struct Subject {
    picture: Picture,
    file: File,
    whole: Decoded,
    /// Offsets of the restart markers.
    markers: Vec<usize>,
}

impl Subject {
    fn new(seed: u64) -> Self {
        let (picture, file) = files::usual((150, 110), false, INTERVAL as u16, seed);
        let whole = decode(&file.bytes, SCALES).unwrap();
        assert_eq!(whole.damage, None);
        let scan = file.scans[0].clone();
        let marker = |&at: &usize| file.bytes[at] == 0xff && (0xd0..=0xd7).contains(&file.bytes[at + 1]);
        let markers = scan.filter(marker).collect();
        Self { picture, file, whole, markers }
    }

    /// The intervals of which a sample is not as in the whole file.
    fn touched(&self, decoded: &Decoded) -> Vec<usize> {
        let order = self.picture.order(&[0, 1, 2]);
        let differs = |mcu: &Vec<(usize, usize)>| {
            mcu.iter().any(|&(component, at)| {
                let of = |planes| tile(&self.picture, planes, component, at, SCALES[component]);
                of(&decoded.planes) != of(&self.whole.planes)
            })
        };
        let intervals = order.chunks(INTERVAL).enumerate();
        intervals.filter(|(_, mcus)| mcus.iter().any(differs)).map(|(number, _)| number).collect()
    }
}

#[test]
fn a_flipped_bit_damages_at_most_its_interval() {
    let (mut flips, mut noticed, mut harmless) = (0, 0, 0);
    for seed in 0..8 {
        let (subject, mut dice) = (Subject::new(seed), Dice::seeded(0xb000 + seed));
        for _ in 0..40 {
            let scan = subject.file.scans[0].clone();
            let at = scan.start + 1 + dice.below(scan.len() as u32 - 2) as usize;
            let mut bytes = subject.file.bytes.clone();
            bytes[at] ^= 1 << dice.below(8);
            // Markers neither made nor lost.
            if bytes[at - 1] == 0xff || bytes[at] == 0xff || subject.file.bytes[at] == 0xff {
                continue;
            }
            let interval = subject.markers.iter().filter(|&&marker| marker < at).count();
            let decoded = decode(&bytes, SCALES).unwrap();
            let touched = subject.touched(&decoded);
            assert!(
                touched.iter().all(|&one| one == interval),
                "{touched:?} are touched, {interval} is flipped"
            );
            let strict = Options { damage: OnDamage::Fail, ..Options::default() };
            assert_eq!(decode_with(&bytes, SCALES, strict).is_err(), decoded.damage.is_some());
            flips += 1;
            noticed += u32::from(decoded.damage.is_some());
            harmless += u32::from(touched.is_empty());
        }
    }
    println!("{flips} flipped bits: {noticed} noticed, {harmless} without a change at these scales");
    assert!(flips > 200);
}

/// libjpeg's `jpeg_resync_to_restart` finds its place by the markers' numbers.
#[test]
fn a_lost_restart_marker_is_noticed() {
    for seed in 0..8 {
        let (subject, mut dice) = (Subject::new(seed), Dice::seeded(0xc000 + seed));
        let lost = dice.below(subject.markers.len() as u32) as usize;
        let mut bytes = subject.file.bytes.clone();
        bytes.drain(subject.markers[lost]..subject.markers[lost] + 2);
        let decoded = decode(&bytes, SCALES).unwrap();
        assert!(decoded.damage.is_some(), "marker {lost} is lost");
        let touched = subject.touched(&decoded);
        assert!(
            touched.iter().all(|&one| one == lost || one == lost + 1),
            "{touched:?} are touched by {lost}"
        );
    }
}

#[test]
fn a_lost_interval_is_noticed_and_the_others_keep_their_places() {
    for seed in 0..8 {
        let (subject, mut dice) = (Subject::new(seed), Dice::seeded(0xd000 + seed));
        let lost = dice.below(subject.markers.len() as u32 - 1) as usize;
        let mut bytes = subject.file.bytes.clone();
        bytes.drain(subject.markers[lost]..subject.markers[lost + 1]);
        let decoded = decode(&bytes, SCALES).unwrap();
        assert!(decoded.damage.is_some(), "interval {} is lost", lost + 1);
        assert!(subject.touched(&decoded).iter().all(|&one| one == lost + 1));
    }
}

#[test]
fn doubled_and_swapped_restart_markers_are_noticed() {
    for seed in 0..8 {
        let (subject, mut dice) = (Subject::new(seed), Dice::seeded(0xe000 + seed));
        let chosen = dice.below(subject.markers.len() as u32 - 1) as usize;
        let at = subject.markers[chosen];
        let mut doubled = subject.file.bytes.clone();
        doubled.splice(at..at, [0xff, doubled[at + 1]]);
        let mut swapped = subject.file.bytes.clone();
        swapped.swap(at + 1, subject.markers[chosen + 1] + 1);
        for bytes in [doubled, swapped] {
            let decoded = decode(&bytes, SCALES).unwrap();
            assert!(decoded.damage.is_some(), "marker {chosen}");
            let touched = subject.touched(&decoded);
            assert!(touched.iter().all(|&one| one > chosen), "{touched:?} are touched by {chosen}");
        }
    }
}
