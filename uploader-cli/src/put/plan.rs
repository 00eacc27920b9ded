//! What goes where: which files, under which keys.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use manifest::{KeyError, check_source_key, is_addressable};
use walkdir::{DirEntry, WalkDir};

use super::args::WayArgs;
use crate::failure::Failure;

/// Stands for standard input.
pub(super) const STDIN: &str = "-";

/// What file managers leave in folders, beside hidden files.
const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// One file to be put.
#[derive(Debug)]
pub(crate) struct Item {
    /// What the file is called to people.
    pub(crate) name: String,
    /// Its key in the originals bucket; empty if it cannot have one.
    pub(crate) key: String,
    /// Where it lies, or why it cannot be put.
    pub(crate) path: Result<PathBuf, Failure>,
}

/// A command line that makes no sense; nothing has been done yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Two files would have one key.
    Duplicate { key: String, first: String, second: String },
    /// A prefix that gives keys which no page can show.
    Prefix(String),
    /// One text for several pictures.
    SharedAlt { files: usize },
    /// The folders hold nothing that is wanted.
    NoFiles,
    /// A pattern of `--include` or `--exclude`, or of files, that makes no sense.
    Pattern(String),
    /// `-` without `--name`, or the other way round.
    Stdin,
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
            Self::NoFiles => write!(
                f,
                "there are no files in the folders given, or none that --include and --exclude leave"
            ),
            Self::Pattern(why) => f.write_str(why),
            Self::Stdin => write!(
                f,
                "standard input, -, needs a --name such as chart.jpg, and comes alone; nothing else takes one"
            ),
        }
    }
}

/// The files that `paths` name, folders walked and sorted, in the order given.
///
/// # Errors
///
/// [`Usage`] when what is asked for as a whole makes no sense. What is wrong with one file stands in its item.
pub(crate) fn items(paths: &[PathBuf], way: &WayArgs) -> Result<Vec<Item>, Usage> {
    let prefix = prefix(&way.to)?;
    let wanted = Wanted::new(way)?;
    let mut items = Vec::new();
    for path in paths {
        if path.is_dir() {
            items.extend(walk(path, &prefix, &wanted));
        } else if let Some(files) = expanded(path)? {
            items.extend(files.iter().map(|path| item(path, path.file_name().map(Path::new), &prefix)));
        } else {
            items.push(item(path, path.file_name().map(Path::new), &prefix));
        }
    }
    if items.is_empty() {
        return Err(Usage::NoFiles);
    }
    refuse_duplicates(&items)?;
    Ok(items)
}

/// The one item of what was read from standard input to `path`.
pub(super) fn piped(path: &Path, name: &str, way: &WayArgs) -> Result<Item, Usage> {
    let item = item(path, Some(Path::new(name)), &prefix(&way.to)?);
    Ok(Item { name: name.to_owned(), ..item })
}

/// The files that a pattern names, where no shell has done that (it is not there by that very name).
fn expanded(path: &Path) -> Result<Option<Vec<PathBuf>>, Usage> {
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Ok(None);
    };
    if path.exists() {
        return Ok(None);
    }
    let wrong = |why: &dyn fmt::Display| Usage::Pattern(format!("'{pattern}' is no pattern: {why}"));
    let found = glob::glob(pattern).map_err(|error| wrong(&error))?;
    let files: Vec<PathBuf> = found.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    if files.is_empty() {
        return Err(Usage::Pattern(format!("no file matches '{pattern}'")));
    }
    Ok(Some(files))
}

/// What `--include` and `--exclude` leave of a folder.
struct Wanted {
    include: Option<Gitignore>,
    exclude: Gitignore,
}

impl Wanted {
    fn new(way: &WayArgs) -> Result<Self, Usage> {
        let include = (!way.include.is_empty()).then(|| patterns(&way.include)).transpose()?;
        Ok(Self { include, exclude: patterns(&way.exclude)? })
    }

    /// Whether the file at `relative` of a folder is wanted.
    fn takes(&self, relative: &Path) -> bool {
        let matches =
            |patterns: &Gitignore| patterns.matched_path_or_any_parents(relative, false).is_ignore();
        self.include.as_ref().is_none_or(matches) && !matches(&self.exclude)
    }
}

/// Patterns as lines of a `.gitignore`.
fn patterns(lines: &[String]) -> Result<Gitignore, Usage> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder
            .add_line(None, line)
            .map_err(|error| Usage::Pattern(format!("'{line}' is no pattern: {error}")))?;
    }
    builder.build().map_err(|error| Usage::Pattern(error.to_string()))
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

fn walk(folder: &Path, prefix: &str, wanted: &Wanted) -> Vec<Item> {
    let kept = |entry: &DirEntry| entry.depth() == 0 || !is_litter(entry);
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let mut items = Vec::new();
    for entry in entries.filter_entry(kept) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let relative = entry.path().strip_prefix(folder).ok();
                if relative.is_none_or(|relative| wanted.takes(relative)) {
                    items.push(item(entry.path(), relative, prefix));
                }
            }
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
    #![allow(clippy::unwrap_used)]

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
    fn patterns_are_those_of_gitignore() {
        let wanted = |include: &[&str], exclude: &[&str]| {
            let lines =
                |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>();
            let include = (!include.is_empty()).then(|| patterns(&lines(include)).unwrap());
            Wanted { include, exclude: patterns(&lines(exclude)).unwrap() }
        };
        assert!(wanted(&[], &[]).takes(Path::new("a/b.jpg")));
        let photos = wanted(&["*.jpg"], &["drafts/", "!drafts/good.jpg"]);
        assert!(photos.takes(Path::new("a/b.jpg")) && !photos.takes(Path::new("a/b.png")));
        assert!(!photos.takes(Path::new("a/drafts/b.jpg")));
        assert!(wanted(&[], &["/top.jpg"]).takes(Path::new("a/top.jpg")));
        assert!(!wanted(&[], &["/top.jpg"]).takes(Path::new("top.jpg")));
        assert!(matches!(patterns(&["a{".to_owned()]), Err(Usage::Pattern(_))));
    }

    #[test]
    fn paths_become_keys() {
        assert_eq!(as_key(Path::new("a b/ü+.jpg")).as_deref(), Some("a b/ü+.jpg"));
        assert_eq!(as_key(Path::new("../x")), None);
    }
}
