use image_header::{ColorModel, Format, Profile};

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
    let inverted = rejection(&order.file(&with(order.picture(0, &[8; 2]), order.short(338, 2))));
    assert!(inverted.contains("a grey TIFF with further channels"));
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
fn compressions_that_are_read() {
    let order = Order::Little;
    for (compression, predictors) in [(1, 1..=1), (5, 1..=2), (8, 1..=2), (32946, 1..=2), (32773, 1..=1)] {
        for predictor in predictors {
            let entries = with(order.picture(2, &[8; 3]), order.short(259, compression));
            assert!(probe(&order.file(&with(entries, order.short(317, predictor)))).is_ok());
        }
    }
    assert!(rejected(order.short(317, 2)).contains("a predictor without LZW or Deflate"));
}

#[test]
fn strips_and_tiles_must_fit_the_picture() {
    let order = Order::Little;
    for entry in
        [order.long(278, 1), order.long(278, 0), order.shorts(273, &[4, 5]), Entry(273, 12, 1, vec![0; 8])]
    {
        assert!(rejected(entry).starts_with("damaged"));
    }
    let mut tiled = order.picture(2, &[8; 3]);
    tiled.retain(|entry| !(273..=279).contains(&entry.0) || entry.0 == 277);
    tiled.extend([order.short(322, 16), order.short(323, 16), order.long(324, 4), order.long(325, 8)]);
    assert!(probe(&order.file(&tiled)).unwrap().complete);
    let huge = with(tiled, order.long(322, u32::MAX));
    assert!(rejection(&order.file(&huge)).starts_with("too-large"));
    let cut = probe(&order.file(&with(order.picture(2, &[8; 3]), order.long(279, 9999)))).unwrap();
    assert!(!cut.complete);
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
fn a_chain_of_pages_that_loops_is_damaged() {
    let order = Order::Little;
    let bytes = [order.header(), order.directory(8, &order.picture(2, &[8; 3]), 8)].concat();
    assert!(rejection(&bytes).contains("followed by itself"));
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
fn entries_that_decoders_read_whole_are_no_longer_than_they_can_be() {
    let order = Order::Little;
    for (tag, bytes) in [(284, 4), (284, 2 << 12), (530, 2 << 12), (338, 4)] {
        let what = rejected(Entry(tag, 3, 4_096, [1, 0].repeat(bytes / 2)));
        assert!(what.starts_with(&format!("damaged: the file is damaged: the TIFF's entry {tag}")), "{what}");
    }
    // What nothing reads may say what it likes.
    probe(&order.file(&with(order.picture(2, &[8, 8, 8]), Entry(282, 5, u32::MAX, vec![1; 4])))).unwrap();
}

#[test]
fn the_lists_of_strips_are_counted() {
    let order = Order::Little;
    let info = probe(&order.file(&order.picture(2, &[8, 8, 8]))).unwrap();
    assert_eq!(info.metadata, 8);
}

#[test]
fn an_entry_that_is_there_twice_is_refused() {
    let order = Order::Big;
    for entry in [order.long(256, 4), order.short(258, 8), order.long(273, 8)] {
        let tag = entry.0;
        let mut entries = order.picture(2, &[8, 8, 8]);
        entries.push(entry);
        let what = rejection(&order.file(&entries));
        assert!(what.contains(&format!("the TIFF has entry {tag} twice")), "{what}");
    }
}
