//! Which files a list of paths means, and under which keys.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use cli_support::{is_litter, is_picture};
use walkdir::{DirEntry, WalkDir};

use crate::cli::UsageError;

/// A file that was named, or found in a folder that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What it is called: its name, or its path below the folder; segments are divided by `/`.
    pub(crate) key: String,
}

/// All that was found, in order.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files to work on; where one cannot be, the reason.
    pub(crate) sources: Vec<Result<Source, Unusable>>,
    /// Files in walked folders that are litter, or pictures neither by name nor by content.
    pub(crate) skipped: Vec<PathBuf>,
}

/// A path that cannot be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// The path.
    pub(crate) path: PathBuf,
    /// Why not, in words.
    pub(crate) reason: String,
}

impl Found {
    /// Says in one line which files were skipped, if any.
    pub(crate) fn tell_skipped(&self) {
        cli_support::skipped_files(self.skipped.iter().map(PathBuf::as_path))
            .into_iter()
            .for_each(cli_support::tell);
    }
}

/// Finds the files that `paths` mean. Folders are walked in the order of names, without what is hidden and
/// without `except` (where this very program writes).
///
/// # Errors
///
/// When two files would have the same key.
pub(crate) fn find(paths: &[PathBuf], except: &Path) -> Result<Found, UsageError> {
    let except = except.canonicalize().ok();
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            walk(path, except.as_deref(), &mut found);
        } else {
            found.sources.push(named(path));
        }
    }
    no_key_twice(&found)?;
    Ok(found)
}

fn named(path: &Path) -> Result<Source, Unusable> {
    let unusable = |reason: String| Unusable { path: path.to_owned(), reason };
    if let Err(error) = path.metadata() {
        return Err(unusable(format!("cannot be opened: {error}")));
    }
    let name = path.file_name().ok_or_else(|| unusable("has no file name".to_owned()))?;
    source(path, Path::new(name))
}

fn walk(folder: &Path, except: Option<&Path>, found: &mut Found) {
    let wanted = |entry: &DirEntry| {
        let hidden = entry.depth() > 0
            && entry.file_type().is_dir()
            && entry.file_name().as_encoded_bytes().starts_with(b".");
        let excepted = entry.depth() > 0
            && entry.file_type().is_dir()
            && except.is_some_and(|except| entry.path().canonicalize().is_ok_and(|path| path == except));
        !hidden && !excepted
    };
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(wanted)
    {
        match entry {
            Ok(entry) if !entry.file_type().is_file() => {}
            Ok(entry) if is_litter(&entry.file_name().to_string_lossy()) || !is_picture(entry.path()) => {
                found.skipped.push(entry.into_path());
            }
            Ok(entry) => {
                let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                found.sources.push(source(entry.path(), below));
            }
            // Such as an editor's lock, a symbolic link that leads nowhere.
            Err(error)
                if error
                    .path()
                    .and_then(Path::file_name)
                    .is_some_and(|name| is_litter(&name.to_string_lossy())) => {}
            Err(error) => found.sources.push(Err(Unusable {
                path: error.path().unwrap_or(folder).to_owned(),
                reason: format!("cannot be read: {error}"),
            })),
        }
    }
}

fn source(path: &Path, called: &Path) -> Result<Source, Unusable> {
    let segments: Option<Vec<&str>> = called
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .map(|part| part.as_os_str().to_str())
        .collect();
    let unusable = |reason: String| Unusable { path: path.to_owned(), reason };
    let key = segments.map(|segments| segments.join("/"));
    let key = key
        .ok_or_else(|| unusable("its name is not UTF-8, so that it cannot be a key. Rename it".to_owned()))?;
    manifest::check_source_key(&key).map_err(|error| unusable(error.to_string()))?;
    Ok(Source { path: path.to_owned(), key })
}

fn no_key_twice(found: &Found) -> Result<(), UsageError> {
    let mut keys: HashMap<&str, &Path> = HashMap::new();
    for source in found.sources.iter().flatten() {
        if let Some(other) = keys.insert(&source.key, &source.path) {
            return Err(UsageError(format!(
                "{} and {} would both be called {}. Name the folder above them instead, or run them separately",
                other.display(),
                source.path.display(),
                source.key
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::fs;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn keys(found: &Found) -> Vec<&str> {
        found.sources.iter().map(|source| source.as_ref().unwrap().key.as_str()).collect()
    }

    #[test]
    fn folders_are_walked_in_order_without_what_is_no_picture() {
        let folder = folder(&[
            ("b/z.JPG", b"broken, but meant to be a picture"),
            ("a.txt", b"words"),
            ("Thumbs.DB", b"words"),
            ("b/z.xmp", b"words"),
            ("png without ending", b"\x89PNG\r\n\x1a\n"),
            (".hidden.jpg", b""),
            (".git/x.jpg", b""),
            ("out/a/1.webp", b""),
        ]);
        let found = find(&[folder.path().to_owned()], &folder.path().join("out")).unwrap();
        assert_eq!(keys(&found), ["b/z.JPG", "png without ending"]);
        let skipped = [".hidden.jpg", "Thumbs.DB", "a.txt", "b/z.xmp"].map(|name| folder.path().join(name));
        assert_eq!(found.skipped, skipped);
    }

    #[test]
    fn what_is_named_is_always_tried() {
        let folder = folder(&[("a.txt", b"words")]);
        let found =
            find(&[folder.path().join("a.txt"), folder.path().join("absent.jpg")], Path::new("x")).unwrap();
        assert_eq!(found.sources[0].as_ref().unwrap().key, "a.txt");
        assert!(found.sources[1].as_ref().unwrap_err().reason.contains("cannot be opened"));
    }

    #[test]
    fn a_key_twice_is_refused_by_name() {
        let folder = folder(&[("a/x.jpg", b"1"), ("b/x.jpg", b"2")]);
        let paths = [folder.path().join("a"), folder.path().join("b")];
        let error = find(&paths, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("a/x.jpg") && error.contains("b/x.jpg"), "{error}");
    }
}
