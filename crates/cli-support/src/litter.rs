//! Files in folders that nobody means when they name the folder.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use image_header::{Limits, Rejection, probe};

/// Names of files that file managers and cameras leave in folders, in lower case. macOS's `Icon` ends in a carriage
/// return.
const LITTER: [&str; 4] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];

/// Endings of files that belong to a photograph beside them: settings of editors, and a camera's own thumbnail.
const SIDECARS: [&str; 3] = ["xmp", "aae", "thm"];

/// Endings of files that their owners take for pictures, whether a rendition can be made or not.
const PICTURES: [&str; 38] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif", "heic",
    "heif", "jxl", "jp2", "j2k", "jls", "svg", "svgz", "ico", "psd", "exr", "hdr", "qoi", "tga", "pnm",
    "ppm", "pgm", "pbm", "dng", "cr2", "cr3", "nef", "arw", "orf", "raf",
];

/// Bytes at the start of a file that show what it is.
const HEAD: u64 = 1 << 16;

/// Returns `true` if a file or folder called `name` is hidden, or an operating system's, or a photograph's sidecar. Case
/// does not matter.
pub fn is_litter(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with('.') || LITTER.contains(&name.as_str()) || SIDECARS.contains(&ending(&name))
}

/// Returns `true` if the file at `path` is a picture by its name, or by its first bytes.
///
/// A file that cannot be read counts as a picture, so that its owner hears of it.
pub fn is_picture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if PICTURES.contains(&ending(&name)) {
        return true;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_err()
        || !matches!(probe(&head, &Limits::default()), Err(Rejection::NotAnImage | Rejection::Empty))
}

/// Returns one line about `skipped` files, or `None` if there are none.
pub fn summary<'a>(mut skipped: impl Iterator<Item = &'a Path> + Clone) -> Option<String> {
    const NAMED: usize = 3;
    let count = skipped.clone().count();
    let names: Vec<String> = skipped
        .by_ref()
        .take(NAMED)
        .map(|path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
        .collect();
    let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| format!("{count} other file{plural} skipped: {}{more}", names.join(", ")))
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn litter_is_known_in_any_case() {
        for name in [
            "Thumbs.db",
            "THUMBS.DB",
            "ehthumbs.db",
            "Desktop.ini",
            "Icon\r",
            ".DS_Store",
            "._a.jpg",
            "a.xmp",
            "IMG_1.AAE",
            "MVI_1.THM",
            "a.jpg.xmp",
        ] {
            assert!(is_litter(name), "{name:?}");
        }
        for name in ["a.jpg", "Icon", "thumbs.jpg", "xmp", "desktop.png"] {
            assert!(!is_litter(name), "{name:?}");
        }
    }

    #[test]
    fn pictures_are_known_by_name_or_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        assert!(is_picture(&file("broken.JPG", b"words")));
        assert!(is_picture(&file("empty.png", b"")));
        assert!(is_picture(&file("without ending", b"\x89PNG\r\n\x1a\n")));
        assert!(!is_picture(&file("notes.txt", b"words")));
        assert!(!is_picture(&file("empty", b"")));
        assert!(is_picture(&folder.path().join("absent.txt")));
    }

    #[test]
    fn a_summary_names_three() {
        let of = |names: &[&str]| summary(names.iter().map(Path::new));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["a/Thumbs.db"]).as_deref(), Some("1 other file skipped: Thumbs.db"));
        assert_eq!(
            of(&["a", "b", "c", "d", "e"]).as_deref(),
            Some("5 other files skipped: a, b, c and 2 more")
        );
    }
}
