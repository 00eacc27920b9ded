//! A header of any bytes holds what T.81 allows, slices of the file itself, and the same if the file is cut behind it.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use scaled_jpeg::{Color, Decoder, Header, Scale};

fuzz_target!(|file: &[u8]| -> Corpus {
    let decoder = match Decoder::new(file) {
        Ok(decoder) => decoder,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Corpus::Keep;
        }
    };
    let header = decoder.header();
    check(header);
    let within = |slice: &[u8]| {
        let (file, slice) = (file.as_ptr_range(), slice.as_ptr_range());
        file.start <= slice.start && slice.end <= file.end
    };
    assert!(header.exif.is_none_or(within) && header.icc.iter().all(|part| within(part)));

    let memory = Scale::ALL.map(|scale| decoder.memory([scale; 4]));
    assert!(memory.is_sorted(), "a larger scale takes less: {memory:?}");

    // Half of it has no header, or this one, or one that lacks what came later.
    if let Ok(half) = Decoder::new(&file[..file.len() / 2]) {
        assert_eq!(half.header().width, header.width);
        assert_eq!(half.header().components, header.components);
        assert_eq!(half.header().exif, header.exif);
    }
    Corpus::Keep
});

fn check(header: &Header<'_>) {
    assert!((1..=65_535).contains(&header.width) && (1..=65_535).contains(&header.height));
    let expected = match header.color {
        Color::Grey => 1,
        Color::YCbCr | Color::Rgb => 3,
        Color::Cmyk | Color::Ycck => 4,
    };
    assert_eq!(header.components.len(), expected);
    assert!(header.restart_interval <= 65_535);
    let across = header.components.iter().map(|component| u32::from(component.horizontal)).max();
    let down = header.components.iter().map(|component| u32::from(component.vertical)).max();
    let (Some(across), Some(down)) = (across, down) else { unreachable!("counted above") };
    assert!(across <= 4 && down <= 4);
    for component in &header.components {
        let (horizontal, vertical) = (u32::from(component.horizontal), u32::from(component.vertical));
        assert!(horizontal > 0 && vertical > 0);
        assert_eq!(component.width, (header.width * horizontal).div_ceil(across));
        assert_eq!(component.height, (header.height * vertical).div_ceil(down));
    }
}
