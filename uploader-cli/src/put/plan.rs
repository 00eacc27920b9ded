//! What goes where: which files, under which keys.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use manifest::{KeyError, check_source_key, is_addressable};
use walkdir::{DirEntry, WalkDir};

use super::PutArgs;
use crate::failure::Failure;

/// What file managers leave in folders, beside hidden files.
const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// One file to be put.
#[derive(Debug)]
pub(super) struct Item {
    /// What the file is called to people.
    pub(super) name: String,
    /// Its key in the originals bucket; empty if it cannot have one.
    pub(super) key: String,
    /// Where it lies, or why it cannot be put.
    pub(super) path: Result<PathBuf, Failure>,
}

/// A command line that makes no sense; nothing has been done yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// Two files would have one key.
    Duplicate { key: String, first: String, second: String },
    /// A prefix that gives keys which no page can show.
    Prefix(String),
    /// One text for several pictures.
    SharedAlt { files: usize },
    /// The folders hold nothing.
    NoFiles,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { key, first, second } => write!(
                f,
                "{first} and {second} would both become '{key}'; put them one after the other with different --to"
            ),
            Self::Prefix(prefix) => write!(
                f,
                "--to '{prefix}': a folder of the bucket neither begins with '/' nor has '.', '..' or '' as a part"
            ),
            Self::SharedAlt { files } => {
                write!(f, "--alt says what one picture shows, but there are {files}; put each with its own")
            }
            Self::NoFiles => write!(f, "there are no files in the folders given"),
        }
    }
}

/// The files that `args` name, folders walked and sorted, in the order given.
///
/// # Errors
///
/// [`Usage`] when what is asked for as a whole makes no sense. What is wrong with one file stands in its item.
pub(super) fn items(args: &PutArgs) -> Result<Vec<Item>, Usage> {
    let prefix = prefix(&args.to)?;
    let mut items = Vec::new();
    for path in &args.paths {
        if path.is_dir() {
            items.extend(walk(path, &prefix));
        } else {
            let relative = path.file_name().map(Path::new);
            items.push(item(path, relative, &prefix));
        }
    }
    if items.is_empty() {
        return Err(Usage::NoFiles);
    }
    refuse_duplicates(&items)?;
    if items.len() > 1 && args.snippet.alt.as_ref().is_some_and(|alt| !alt.is_empty()) {
        return Err(Usage::SharedAlt { files: items.len() });
    }
    Ok(items)
}

/// `--to` with exactly one slash at its end, or nothing.
fn prefix(to: &str) -> Result<String, Usage> {
    let folder = to.strip_suffix('/').unwrap_or(to);
    if to.is_empty() {
        return Ok(String::new());
    }
    if folder.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Usage::Prefix(to.to_owned()));
    }
    Ok(format!("{folder}/"))
}

fn walk(folder: &Path, prefix: &str) -> Vec<Item> {
    let wanted = |entry: &DirEntry| entry.depth() == 0 || !is_litter(entry);
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let mut items = Vec::new();
    for entry in entries.filter_entry(wanted) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => items.push(item(entry.path(), entry.path().strip_prefix(folder).ok(), prefix)),
            Err(error) => items.push(unreadable(folder, &error)),
        }
    }
    items
}

fn is_litter(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || LITTER.contains(&name.as_ref())
}

fn unreadable(folder: &Path, error: &walkdir::Error) -> Item {
    let name = error.path().unwrap_or(folder).display().to_string();
    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    let remedy = "Check that it exists and that you may read it.";
    Item { name, key: String::new(), path: Err(Failure::new("unreadable", why, remedy)) }
}

fn item(path: &Path, relative: Option<&Path>, prefix: &str) -> Item {
    let name = path.display().to_string();
    let Some(tail) = relative.and_then(as_key) else {
        let failure =
            Failure::new("name", "the name is no UTF-8 text, which keys have to be", "Rename the file.");
        return Item { name, key: String::new(), path: Err(failure) };
    };
    let key = format!("{prefix}{tail}");
    let path = match check_source_key(&key) {
        Ok(()) if !is_addressable(&key) => {
            Err(Failure::new("key", format!("no browser can ask for the key '{key}'"), "Rename the file."))
        }
        Ok(()) => Ok(path.to_owned()),
        Err(error @ (KeyError::Empty | KeyError::TooLong { .. })) => {
            Err(Failure::new("key", error.to_string(), "Rename the file or choose a shorter --to."))
        }
    };
    Item { name, key, path }
}

/// A relative path with `/` between its parts, on every system; `None` if it is no UTF-8.
fn as_key(relative: &Path) -> Option<String> {
    let parts = relative.components().map(|component| match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<&str>>>()?.join("/"))
}

fn refuse_duplicates(items: &[Item]) -> Result<(), Usage> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for item in items.iter().filter(|item| item.path.is_ok()) {
        if let Some(first) = seen.insert(&item.key, &item.name) {
            return Err(Usage::Duplicate {
                key: item.key.clone(),
                first: first.to_owned(),
                second: item.name.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_folder() {
        assert_eq!(prefix(""), Ok(String::new()));
        assert_eq!(prefix("2026"), Ok("2026/".into()));
        assert_eq!(prefix("2026/lisbon/"), Ok("2026/lisbon/".into()));
        for wrong in ["/", "/2026", "a//b", "a/../b", "./a", "a//"] {
            assert_eq!(prefix(wrong), Err(Usage::Prefix(wrong.into())));
        }
    }

    #[test]
    fn paths_become_keys() {
        assert_eq!(as_key(Path::new("a b/ü+.jpg")).as_deref(), Some("a b/ü+.jpg"));
        assert_eq!(as_key(Path::new("../x")), None);
    }
}
