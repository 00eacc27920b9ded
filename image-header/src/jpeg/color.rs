//! Which colours the components are, by the rules that libjpeg set (`jdapimin.c`,
//! `default_decompress_parms`) and everyone keeps.

use crate::ColorModel;

/// The model of a frame whose components have these `ids`.
///
/// `adobe` is the transform byte of an Adobe marker. Inks are stored inverted with the marker or without it: Chromium,
/// Firefox and Pillow read them so, because the programs that write four components do.
pub(super) fn model(ids: &[u8], jfif: bool, adobe: Option<u8>) -> ColorModel {
    match (ids, adobe) {
        ([_], _) => ColorModel::Grey,
        ([_, _, _, _], None | Some(0)) => ColorModel::Cmyk { inverted: true },
        ([_, _, _, _], Some(_)) => ColorModel::Ycck { inverted: true },
        _ if jfif => ColorModel::YCbCr,
        (_, Some(0)) => ColorModel::Rgb,
        (_, Some(_)) => ColorModel::YCbCr,
        (b"RGB", None) => ColorModel::Rgb,
        _ => ColorModel::YCbCr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_components_follow_markers_then_ids() {
        assert_eq!(model(&[1, 2, 3], false, None), ColorModel::YCbCr);
        assert_eq!(model(b"RGB", false, None), ColorModel::Rgb);
        assert_eq!(model(b"RGB", true, None), ColorModel::YCbCr);
        assert_eq!(model(&[1, 2, 3], true, Some(0)), ColorModel::YCbCr);
        assert_eq!(model(&[1, 2, 3], false, Some(0)), ColorModel::Rgb);
        assert_eq!(model(b"RGB", false, Some(1)), ColorModel::YCbCr);
        assert_eq!(model(&[9, 9, 9], false, Some(7)), ColorModel::YCbCr);
        assert_eq!(model(&[0, 1, 2], false, None), ColorModel::YCbCr);
    }

    #[test]
    fn four_components_are_inks() {
        let ids = [1, 2, 3, 4];
        for ids in [&ids, b"CMYK"] {
            assert_eq!(model(ids, true, None), ColorModel::Cmyk { inverted: true });
            assert_eq!(model(ids, false, None), ColorModel::Cmyk { inverted: true });
        }
        assert_eq!(model(&ids, false, Some(0)), ColorModel::Cmyk { inverted: true });
        assert_eq!(model(&ids, false, Some(2)), ColorModel::Ycck { inverted: true });
        assert_eq!(model(&ids, false, Some(1)), ColorModel::Ycck { inverted: true });
    }

    #[test]
    fn one_component_is_grey_whatever_the_markers() {
        assert_eq!(model(&[1], false, Some(0)), ColorModel::Grey);
    }
}
