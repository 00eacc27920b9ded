//! What an image file says of itself, read without a codec.
//!
//! [`probe`] walks a file's structure (markers, chunks, directories), never its pixels, and answers what
//! a decoder would need to know before it allocates anything: format, size, orientation, colour, profile,
//! animation, privacy-relevant metadata. What exceeds the [`Limits`] or cannot be an image is a
//! [`Rejection`], which says what to do about it in words.
//!
//! # Layout
//!
//! `source_info` holds the answer's types, `limits` and `rejection` the two ways to say no; `kind` tells
//! formats apart; one file a format (`jpeg`, `png`, `webp`, `gif`, `bmp`, `tiff`), `exif` shared by four
//! of them, `ifd` by `exif` and `tiff`, `reader` for checked reads.

mod bmp;
mod exif;
mod gif;
mod ifd;
mod jpeg;
mod kind;
mod limits;
mod png;
mod reader;
mod rejection;
mod source_info;
mod tiff;
mod tiff_info;
mod webp;

pub use limits::Limits;
pub use rejection::Rejection;
pub use source_info::{ColorModel, Format, JpegInfo, Orientation, PngColor, Profile, SourceInfo};
pub use tiff_info::{
    TiffCoding, TiffColor, TiffFax, TiffInfo, TiffList, TiffNumbers, TiffPredictor, TiffYCbCr,
};

use kind::Kind;

/// Reads the header of `source` (a whole file's bytes) and checks it against `limits`.
///
/// Costs one pass over the file's structure; no pixel is decoded and nothing proportional to the picture
/// is allocated. Checked are the limits on source bytes, side, pixels, frames, scans and stored metadata;
/// decoded memory and output depend on what is made of the picture and are left to who plans that.
///
/// # Errors
///
/// A [`Rejection`] when the bytes are no image that can be derived, or one beyond `limits`.
///
/// # Examples
///
/// ```
/// use image_header::{Format, Limits, Rejection, probe};
///
/// let gif = b"GIF89a\x02\x00\x01\x00\x80\x00\x00\0\0\0\xFF\xFF\xFF,\0\0\0\0\x02\0\x01\0\0\x02\x02D\n\0;";
/// let info = probe(gif, &Limits::default())?;
/// assert_eq!(info.format, Format::Gif);
/// assert_eq!((info.width, info.height), (2, 1));
///
/// let rejection = probe(b"%PDF-1.7", &Limits::default()).unwrap_err();
/// assert_eq!(rejection.to_string(), "a PDF document is not supported");
/// # Ok::<(), Rejection>(())
/// ```
pub fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    if source.is_empty() {
        return Err(Rejection::Empty);
    }
    Rejection::check("the file's size in bytes", source.len() as u64, limits.source_bytes)?;
    let info = match kind::tell(source) {
        Kind::Read(Format::Jpeg) => jpeg::probe(source, limits),
        Kind::Read(Format::Png) => png::probe(source, limits),
        Kind::Read(Format::WebP) => webp::probe(source, limits),
        Kind::Read(Format::Gif) => gif::probe(source, limits),
        Kind::Read(Format::Bmp) => bmp::probe(source, limits),
        Kind::Read(Format::Tiff) => tiff::probe(source, limits),
        Kind::Named(what) => Err(Rejection::unsupported(what)),
        Kind::Unknown => Err(Rejection::NotAnImage),
    }?;
    Ok(SourceInfo { bytes: source.len() as u64, ..info })
}
