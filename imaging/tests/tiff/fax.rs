//! Fax compressions, against data that libtiff wrote.

use crate::build::{Chunk, Entry, Tiff};
use crate::{check, decode};

const SIZE: (u32, u32) = (40, 24);

fn is_black(x: u32, y: u32) -> bool {
    ((x * x + 3 * y * y) / 37).is_multiple_of(2) || (x / 7 + y / 5).is_multiple_of(3)
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

const ROWS: &str = "\
    fdf1d3a1d4d388fdf1d0f8ea6a05f4fba1d0e875fc0c3a74e8743afa089ef8e8743a3f30e9f9e3a7e2c0737dd510fbf4\
    355dbf3c74fbbc3528c7fd0e9d3d30b6f8ea69d3f6b0e5e87c74e87c75e635918e8743a74e88356843a1d0e87c7c8035\
    67c743a1d3a1f20035c8c743a1d3a75ea100fdd3a1d0e875ea053a74e8743afacc9ee9d0e8747bc0f509d0e8743afdc5\
    9c3e3a1d0e8fccc9f1d4d3a7e3c035ae1f9a74ea1e003528c7fd0e9d3d30737dd4f1f7e8";
const GROUP_3: &str = "\
    001fdf1d3a1d4d388003fbe3a1f1d4d40a003e9f743a1d0ebf818009d3a743a1d7d040033df1d0e8747e6003d3f3c74f\
    c58002e6fbaa21f7e80026abb7e78e9f7780026a518ffa1d3a7a60036df1d4d3a7ed6000f2f43e3a743e3af300135918\
    e8743a74e88001356843a1d0e87c7c80013567c743a1d3a1f20004d7231d0e874e9d7a84003fba743a1d0ebd40a00274\
    e9d0e875f59800cf74e8743a3de003ea13a1d0e875fb8a003387c743a1d1f9800e4f8ea69d3f1e0009ad70fcd3a750f0\
    004d4a31ff43a74f4c005cdf753c7dfa00";
const GROUP_3_TWO_DIMENSIONS: &str = "\
    001fef8e9d0ea69c40017ebee003f4fba1d0e875fc0c0043497f6e0039ef8e8743a3f3001049211123e474081066c001\
    b9beea887dfa000822b8209049041045dc0066a518ffa1d3a7a600236db23a692411b5001f2f43e3a743e3af30011358\
    6c2e956480dc0066ad08743a1d0f8f90002d7f7e00335c8c743a1d3a75ea100084e608a7492490b2a060033a74e8743a\
    facc004124924920c33e1b800fd42743a1d0ebf714004d04924920cf3001e4f8ea69d3f1e00089ac186134924105800c\
    d4a31ff43a74f4c0041bddd6a0";
const GROUP_3_FILL: &str = "\
    0001fdf1d3a1d4d3880001fdf1d0f8ea6a050001f4fba1d0e875fc0c00013a74e8743afa0800019ef8e8743a3f3001e9\
    f9e3a7e2c001737dd510fbf40001355dbf3c74fbbc00013528c7fd0e9d3d3001b6f8ea69d3f6b00001e5e87c74e87c75\
    e6000135918e8743a74e880001356843a1d0e87c7c80013567c743a1d3a1f2000135c8c743a1d3a75ea10001fdd3a1d0\
    e875ea0500013a74e8743afacc00019ee9d0e8747bc001f509d0e8743afdc500019c3e3a1d0e8fcc0001c9f1d4d3a7e3\
    c00135ae1f9a74ea1e00013528c7fd0e9d3d3001737dd4f1f7e8";
const GROUP_3_TWO_DIMENSIONS_FILL: &str = "\
    0001fef8e9d0ea69c400017ebee001fa7dd0e8743afe0600010d25fdb80001cf7c743a1d1f980001049211123e474081\
    066c0001b9beea887dfa00010457041209208208bb80019a9463fe874e9e9800011b6d91d349208da80001f2f43e3a74\
    3e3af3000113586c2e956480dc00019ab421d0e8743e3e4000016bfbf0019ae463a1d0e9d3af50800109cc114e924921\
    6540c0019d3a743a1d7d66000104924924830cf86e0001fa84e8743a1d7ee2800134124924833cc001e4f8ea69d3f1e0\
    0001135830c26924820b00019a9463fe874e9e98000106f775a8";
const GROUP_4: &str = "\
    3f97c8e8ba23a3345c4fd7de92e9223ab71a4bfb7092a49241b330dc24908891f23a04083361730822e83410408f408a\
    e08241241041177928088fd24820814db6c8e9a49046d4342ca1ce382d504e4d61b0ba5592037b7fd57afefe17fee7d2\
    89cc114e9249216540c524bf860e124924920c33e1ba092492488e82045c56824924906798204130a2225d1741046393\
    5830c26924820b830d91fd2482050deeeb50010010";

fn file(compression: u16, entries: Vec<Entry>, data: Vec<u8>, reversed: bool) -> Vec<u8> {
    let tiff = Tiff { entries, reversed, chunk: Chunk::Strips(SIZE.1), ..Tiff::new(SIZE, 1, 1, 1) };
    tiff.file(compression, vec![data])
}

fn expected(x: u32, y: u32) -> [u8; 3] {
    [if is_black(x, y) { 0 } else { 255 }; 3]
}

#[test]
fn every_coding_in_both_bit_orders() {
    for (compression, options, data) in [
        (2, None, ROWS),
        (3, None, GROUP_3),
        (3, Some(1), GROUP_3_TWO_DIMENSIONS),
        (3, Some(4), GROUP_3_FILL),
        (3, Some(5), GROUP_3_TWO_DIMENSIONS_FILL),
        (4, None, GROUP_4),
    ] {
        let entries: Vec<Entry> = options.map(|options| (292, 4, vec![options])).into_iter().collect();
        for reversed in [false, true] {
            let file = file(compression, entries.clone(), bytes(data), reversed);
            check(&format!("compression {compression}, options {options:?}"), &file, expected);
        }
    }
}

#[test]
fn strips_and_photometric_interpretations() {
    // Two strips of the same 24 rows each.
    for (photometric, inverted) in [(0, true), (1, false)] {
        let size = (SIZE.0, 2 * SIZE.1);
        let tiff = Tiff { chunk: Chunk::Strips(SIZE.1), ..Tiff::new(size, photometric, 1, 1) };
        let file = tiff.file(4, vec![bytes(GROUP_4), bytes(GROUP_4)]);
        check("two strips", &file, |x, y| {
            let [level, ..] = expected(x, y % SIZE.1);
            [if inverted { 255 - level } else { level }; 3]
        });
    }
}

#[test]
fn data_that_ends_early_is_shown_as_far_as_it_goes() {
    for (compression, data) in [(2, ROWS), (3, GROUP_3), (4, GROUP_4)] {
        let data = bytes(data);
        let cut = data[..data.len() * 4 / 5].to_vec();
        let (picture, warnings) = decode(&file(compression, vec![], cut, false));
        assert_eq!(warnings.len(), 1, "{compression}: {warnings:?}");
        crate::compare("fax", &picture, 0..SIZE.1 * 3 / 5, expected);
    }
}
