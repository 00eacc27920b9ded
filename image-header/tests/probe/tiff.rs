use image_header::{ColorModel, Format, Profile, TiffCoding, TiffPredictor};

use crate::build::tiff::*;
use crate::{probe, rejection};

/// Why a little-endian RGB picture with `entry` is refused.
fn rejected(entry: Entry) -> String {
    rejection(&Order::Little.file(&with(Order::Little.picture(2, &[8, 8, 8]), entry)))
}

#[test]
fn colours_in_both_byte_orders() {
    for order in BOTH {
        for (photometric, samples, color) in [
            (0, 1, ColorModel::Grey),
            (1, 1, ColorModel::Grey),
            (2, 3, ColorModel::Rgb),
            (5, 4, ColorModel::Cmyk { inverted: false }),
        ] {
            for bits in [8, 16] {
                let info = probe(&order.file(&order.picture(photometric, &vec![bits; samples]))).unwrap();
                assert_eq!(info.format, Format::Tiff);
                assert_eq!((info.width, info.height, info.frames), (4, 2, 1));
                assert_eq!((info.color, info.bits_per_sample), (color, bits as u8));
                assert!(info.complete && !info.alpha && !info.premultiplied);
            }
        }
    }
}

#[test]
fn extra_samples_tell_alpha() {
    let order = Order::Big;
    let info = |samples: usize, meaning: &[u16]| {
        let entries = with(order.picture(2, &vec![8; samples]), order.shorts(338, meaning));
        probe(&order.file(&entries)).unwrap()
    };
    assert_eq!((info(4, &[1]).alpha, info(4, &[1]).premultiplied), (true, true));
    assert_eq!((info(4, &[2]).alpha, info(4, &[2]).premultiplied), (true, false));
    assert_eq!((info(4, &[0]).alpha, info(4, &[0]).premultiplied), (false, false));
    assert!(info(6, &[2, 0, 0]).alpha);
    let unnamed = probe(&order.file(&order.picture(2, &[8; 4]))).unwrap();
    assert_eq!((unnamed.alpha, unnamed.premultiplied, unnamed.notes.len()), (true, false, 1));
    let grey = probe(&order.file(&with(order.picture(1, &[8; 2]), order.short(338, 2)))).unwrap();
    assert_eq!((grey.color, grey.alpha), (ColorModel::Grey, true));
    let inverted = probe(&order.file(&with(order.picture(0, &[8; 2]), order.short(338, 2)))).unwrap();
    assert_eq!((inverted.color, inverted.alpha), (ColorModel::Grey, true));
    let spare = probe(&order.file(&with(order.picture(1, &[8; 2]), order.short(338, 0)))).unwrap();
    assert_eq!((spare.color, spare.alpha), (ColorModel::Grey, false));
    let inks = probe(&order.file(&with(order.picture(5, &[8; 5]), order.short(338, 2)))).unwrap();
    assert_eq!((inks.color, inks.alpha), (ColorModel::Cmyk { inverted: false }, false));
    assert_eq!(inks.notes, ["The transparency of the CMYK picture is ignored."]);
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let order = Order::Little;
    for (entry, name) in [
        (order.short(259, 32809), "a TIFF with ThunderScan compression; save it with LZW"),
        (order.short(259, 50001), "a TIFF with WebP compression"),
        (order.short(259, 4711), "a TIFF with compression 4711"),
        (order.short(262, 32845), "a TIFF in LogLuv"),
        (order.shorts(258, &[20, 20, 20]), "a TIFF of 20 bits a sample"),
        (order.shorts(258, &[8, 8, 16]), "samples of different sizes"),
        (order.shorts(339, &[3, 3, 3]), "a TIFF of floating-point samples"),
        (Entry(50706, 1, 4, vec![1, 4, 0, 0]), "a camera raw (DNG)"),
        (order.short(262, 32803), "a camera raw"),
    ] {
        let said = rejected(entry);
        assert!(said.starts_with("unsupported: ") && said.contains(name), "{said} for {name}");
    }
    let inks = rejection(&order.file(&with(order.picture(5, &[8; 4]), order.short(332, 2))));
    assert!(inks.contains("inks other than CMYK"), "{inks}");
}

#[test]
fn raws_whose_thumbnail_comes_first_are_named_by_their_make() {
    let order = Order::Big;
    let mut entries = with(order.picture(2, &[8; 3]), order.long(254, 1));
    entries = with(entries, order.long(330, 9999));
    entries = with(entries, Entry(271, 2, 6, b"NIKON\0".to_vec()));
    assert!(rejection(&order.file(&entries)).contains("a camera raw (Nikon NEF)"));
    let picture = with(entries, order.long(254, 0));
    assert!(probe(&order.file(&picture)).is_ok());
}

#[test]
fn compressions_and_predictors() {
    let order = Order::Little;
    for compression in [1, 5, 8, 32946, 32773, 50000] {
        for predictor in [1, 2] {
            let entries = with(order.picture(2, &[8; 3]), order.short(259, compression));
            let info = probe(&order.file(&with(entries, order.short(317, predictor)))).unwrap();
            // Only some compressions have a predictor; with others its tag says nothing.
            let applies = predictor == 2 && matches!(compression, 5 | 8 | 32946 | 50000);
            let expected = if applies { TiffPredictor::Horizontal } else { TiffPredictor::None };
            assert_eq!(info.tiff.unwrap().predictor, expected, "{compression} {predictor}");
        }
    }
    let lzw = |entries, predictor| {
        rejection(&order.file(&with(with(entries, order.short(259, 5)), order.short(317, predictor))))
    };
    assert!(lzw(order.picture(2, &[8; 3]), 3).contains("whole numbers and a predictor for floating point"));
    assert!(lzw(order.picture(2, &[8; 3]), 9).contains("predictor 9"));
    assert!(lzw(order.picture(1, &[4]), 2).contains("a predictor and 4 bits a sample"));
}

#[test]
fn strips_and_tiles_must_fit_the_picture() {
    let order = Order::Little;
    for entry in [order.long(278, 1), Entry(273, 12, 1, vec![0; 8])] {
        assert!(rejected(entry).starts_with("damaged"));
    }
    // A surplus of strips, and the values of RowsPerStrip that mean one strip.
    for entry in
        [order.shorts(273, &[4, 5]), order.long(278, 0), order.long(278, u32::MAX), order.long(278, 3)]
    {
        let info = probe(&order.file(&with(order.picture(2, &[8; 3]), entry))).unwrap();
        assert!(info.complete);
        assert_eq!(info.tiff.unwrap().chunk, (4, 2));
    }
    let mut tiled = with(order.picture(2, &[8; 3]), order.short(259, 5));
    tiled.retain(|entry| !(273..=279).contains(&entry.0) || entry.0 == 277);
    tiled.extend([order.short(322, 16), order.short(323, 16), order.long(324, 4), order.long(325, 8)]);
    assert!(probe(&order.file(&tiled)).unwrap().complete);
    let huge = with(tiled, order.long(322, u32::MAX));
    assert!(rejection(&order.file(&huge)).starts_with("too-large"));
}

#[test]
fn a_file_must_hold_half_of_the_picture() {
    let order = Order::Little;
    let picture = order.picture(2, &[8; 3]);
    let end = order.file(&picture).len() as u32;
    let held = |bytes: u32| order.file(&with(picture.clone(), order.long(273, end - bytes)));
    assert!(probe(&held(24)).unwrap().complete);
    assert!(!probe(&held(23)).unwrap().complete);
    assert!(!probe(&held(12)).unwrap().complete);
    assert!(rejection(&held(11)).contains("the file holds only 45 % of the picture"));
    // The list of lengths may say less than the picture needs, or be absent.
    let short = with(picture.clone(), order.long(279, 11));
    assert!(rejection(&order.file(&short)).contains("45 %"));
    let unstated: Vec<Entry> = picture.iter().filter(|entry| entry.0 != 279).cloned().collect();
    assert!(probe(&order.file(&unstated)).unwrap().complete);
    // Compressed strips are incomplete if the file ends before their stated end.
    let lzw = with(with(picture, order.short(259, 5)), order.long(279, 9999));
    assert!(!probe(&order.file(&lzw)).unwrap().complete);
}

#[test]
fn profile_and_further_pages() {
    let order = Order::Big;
    let entries = with(order.picture(2, &[8; 3]), Entry(34675, 7, 7, b"profile".to_vec()));
    let bytes = [order.header(), order.directory(8, &entries, 4000)].concat();
    let info = probe(&bytes).unwrap();
    let Profile::Ranges(ranges) = info.profile else { panic!() };
    assert_eq!(&bytes[ranges[0].clone()], b"profile");
    assert_eq!(info.notes, ["Only the first page of the TIFF is used."]);
}

#[test]
fn a_chain_of_pages_that_loops_is_not_followed() {
    let order = Order::Little;
    let bytes = [order.header(), order.directory(8, &order.picture(2, &[8; 3]), 8)].concat();
    assert!(probe(&bytes).unwrap().notes.is_empty());
}

#[test]
fn a_list_of_strips_beyond_the_file_is_told_from_none() {
    let order = Order::Little;
    let mut entries = order.picture(2, &[8; 3]);
    entries.retain(|entry| entry.0 != 273);
    assert!(rejection(&order.file(&entries)).contains("does not say where"));
    entries.push(Entry(273, 4, 1 << 20, order.u32(4).repeat(3)));
    assert!(rejection(&order.file(&entries)).contains("cut off"));
}

#[test]
fn a_cut_directory_is_damaged() {
    let bytes = Order::Little.file(&Order::Little.picture(2, &[8; 3]));
    for len in 8..10 + 7 * 12 {
        assert!(rejection(&bytes[..len]).starts_with("damaged"), "{len}");
    }
}

#[test]
fn entries_that_decide_the_layout_must_be_readable() {
    let order = Order::Little;
    for tag in [258, 259, 262, 266, 277, 284, 338, 339] {
        // The values lie beyond the file.
        let what = rejected(Entry(tag, 3, 4_096, vec![0xFF; 4]));
        let expected = format!("damaged: the file is damaged: the TIFF's entry {tag} cannot be read");
        assert!(what.starts_with(&expected), "{what}");
        // Floating point.
        assert!(rejected(Entry(tag, 11, 1, vec![0; 4])).starts_with(&expected));
    }
    // Of a list that is too long, the first value counts.
    let long = Entry(284, 3, 4_096, [1, 0].repeat(4_096));
    assert!(!probe(&order.file(&with(order.picture(2, &[8; 3]), long))).unwrap().tiff.unwrap().planar);
    // Entries that nothing reads may hold anything.
    probe(&order.file(&with(order.picture(2, &[8, 8, 8]), Entry(282, 5, u32::MAX, vec![1; 4])))).unwrap();
}

#[test]
fn the_first_of_two_entries_counts() {
    let order = Order::Big;
    let first = probe(&order.file(&order.picture(2, &[8, 8, 8]))).unwrap();
    for entry in [order.long(256, 4000), order.shorts(258, &[1, 1, 1]), order.long(273, 9999)] {
        let mut entries = order.picture(2, &[8, 8, 8]);
        entries.push(entry);
        let info = probe(&order.file(&entries)).unwrap();
        assert_eq!((info.width, info.bits_per_sample, info.complete), (first.width, 8, true));
    }
}

#[test]
fn deep_and_shallow_samples_are_decoded_to_8_or_16_bits() {
    let order = Order::Big;
    for (bits, decoded) in
        [(1, 8), (2, 8), (3, 8), (4, 8), (8, 8), (10, 16), (12, 16), (16, 16), (24, 16), (32, 16)]
    {
        for (photometric, samples) in [(1, 1), (2, 3), (5, 4)] {
            let mut entries = order.picture(photometric, &vec![bits; samples]);
            // Rows begin at whole bytes.
            let row = (4 * samples * usize::from(bits)).div_ceil(8);
            entries = with(entries, order.long(279, 2 * row as u32));
            let info = probe(&[order.file(&entries), vec![0; 128]].concat()).unwrap();
            assert_eq!(info.bits_per_sample, decoded, "{bits} bits, {samples} samples");
            assert!(info.complete);
        }
    }
}

#[test]
fn big_tiff_has_counts_and_offsets_of_64_bits() {
    for order in BOTH {
        let info = probe(&order.big_file(&order.picture(2, &[8; 3]))).unwrap();
        assert_eq!((info.format, info.width, info.height), (Format::Tiff, 4, 2));
        assert!(info.complete && info.notes.is_empty());
        let deflate = probe(&order.big_file(&with(order.picture(1, &[16]), order.short(259, 8)))).unwrap();
        assert_eq!(deflate.tiff.unwrap().coding, TiffCoding::Deflate);
        let bytes = order.big_file(&order.picture(2, &[8; 3]));
        for len in 0..16 + 8 + 7 * 20 {
            assert!(probe(&bytes[..len]).is_err(), "{len}");
        }
    }
}
