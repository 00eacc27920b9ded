//! Generated files, of which every sample is known: within ±1 of the definition at every scale, exact at 1/8.

use proptest::{collection::vec, prelude::*};
use scaled_jpeg::Scale;

use crate::{
    check::{Complaints, Tally, scales},
    support::{case::Case, content::Content, dice::Dice, picture::Factors},
};

/// What encoders write: 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1, 4:1:0, grey, and CMYK without and with subsampling.
pub(crate) const COMMON: [&[Factors]; 10] = [
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(1, 1)],
    &[(2, 2)],
    &[(1, 1), (1, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1), (2, 2)],
];

fn size(dice: &mut Dice<'_>) -> (u32, u32) {
    (1 + dice.below(40), 1 + dice.below(40))
}

fn every_factor() -> impl Iterator<Item = Factors> + Clone {
    (1..=4).flat_map(|horizontal| (1..=4).map(move |vertical| (horizontal, vertical)))
}

#[test]
fn every_sampling_of_three_components() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for (index, luma) in every_factor().enumerate() {
        for blue in every_factor() {
            for red in every_factor() {
                let dice = &mut Dice::seeded(0x3000 + tally.files + index as u64);
                let case = Case::new(size(dice), &[luma, blue, red], Content::Camera, dice);
                if let Err(what) = tally.check(&case, scales(dice)) {
                    complaints.add(&case, what);
                }
            }
        }
    }
    println!("every sampling of three components: {tally}");
    complaints.none();
}

#[test]
fn every_sampling_of_one_component_and_many_of_four() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for round in 0..16 {
        for factors in every_factor() {
            let dice = &mut Dice::seeded(0x1000 + tally.files);
            let one = Case::new(size(dice), &[factors], Content::Camera, dice);
            let mut four = [factors; 4];
            four[1..].fill_with(|| (1 + dice.below(4) as u8, 1 + dice.below(4) as u8));
            four.rotate_left(round % 4);
            let four = Case::new(size(dice), &four, Content::Camera, dice);
            for case in [one, four] {
                if let Err(what) = tally.check(&case, scales(dice)) {
                    complaints.add(&case, what);
                }
            }
        }
    }
    println!("every sampling of one component, 256 of four: {tally}");
    complaints.none();
}

/// Every size from 1 to 40 each way: every remainder of every MCU.
#[test]
fn every_size() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for width in 1..=40 {
        for height in 1..=40 {
            for turn in 0..2 {
                let dice = &mut Dice::seeded(0x2000 + tally.files);
                let factors = COMMON[(width * 7 + height * 3 + turn * 5) as usize % COMMON.len()];
                let case = Case::new((width, height), factors, Content::Camera, dice);
                let scale = [Scale::ALL[(width + height * 5 + turn) as usize % 6]; 4];
                if let Err(what) = tally.check(&case, scale) {
                    complaints.add(&case, what);
                }
            }
        }
    }
    println!("every size from 1 to 40: {tally}");
    complaints.none();
}

/// The same file at each scale, and at a mixture.
#[test]
fn every_scale_of_many_scripts() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for seed in 0..400 {
        let dice = &mut Dice::seeded(0x4000 + seed);
        let factors = dice.pick(&COMMON);
        let case = Case::new(size(dice), factors, Content::Camera, dice);
        for scales in Scale::ALL.map(|scale| [scale; 4]).into_iter().chain([scales(dice)]) {
            if let Err(what) = tally.check(&case, scales) {
                complaints.add(&case, what);
            }
        }
    }
    println!("400 scripts, each at every scale: {tally}");
    complaints.none();
}

/// The largest coefficients that samples have: black and white noise.
#[test]
fn noise_is_within_one_too() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for seed in 0..600 {
        let dice = &mut Dice::seeded(0x5000 + seed);
        let factors = dice.pick(&COMMON);
        let case = Case::new(size(dice), factors, Content::Noise, dice);
        if let Err(what) = tally.check(&case, scales(dice)) {
            complaints.add(&case, what);
        }
    }
    println!("noise: {tally}");
    complaints.none();
}

/// Coefficients that are no samples': planes of the right size, and no panic where a product leaves its type.
#[test]
fn wild_coefficients_are_survived() {
    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    for seed in 0..400 {
        let dice = &mut Dice::seeded(0x6000 + seed);
        let factors = dice.pick(&COMMON);
        let case = Case::new(size(dice), factors, Content::Wild, dice);
        if let Err(what) = tally.check(&case, scales(dice)) {
            complaints.add(&case, what);
        }
    }
    println!("wild coefficients: {tally}");
    complaints.none();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// As the sweeps do it, but led by bytes that shrink to a small file where one is decoded wrongly.
    #[test]
    fn any_choice_is_decoded(bytes in vec(any::<u8>(), 0..48)) {
        let dice = &mut Dice::led(&bytes);
        let case = Case::any(dice);
        let scales = scales(dice);
        prop_assert_eq!(Tally::default().check(&case, scales), Ok(()));
    }
}
