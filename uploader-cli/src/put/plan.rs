//! What goes where: which files, under which keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use cli_support::{is_litter, is_picture, nfc, spellings};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use manifest::{KeyError, check_source_key, is_addressable};
use walkdir::{DirEntry, WalkDir};

use super::args::WayArgs;
use crate::failure::Failure;
use crate::regular;
use crate::transfer::Stamp;

/// Stands for standard input.
pub(super) const STDIN: &str = "-";

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

/// The files that a command line names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files to be put, in the order given.
    pub(crate) items: Vec<Item>,
    /// Files in folders that are litter or no pictures.
    pub(crate) skipped: Vec<PathBuf>,
    /// Pipes, sockets and devices in folders, with what they are.
    pub(crate) special: Vec<(PathBuf, &'static str)>,
}

impl Found {
    /// # Errors
    ///
    /// [`Usage`] if there is no file at all.
    pub(super) fn or_nothing(self) -> Result<Self, Usage> {
        if self.items.is_empty() {
            let special = self.special.into_iter().map(|(path, _)| path);
            let skipped: Vec<PathBuf> = self.skipped.into_iter().chain(special).collect();
            return Err(Usage::NoFiles { skipped: skipped_files(&skipped) });
        }
        Ok(self)
    }
}

/// Tells pictures in folders from other files. Remembers the answer for a file that stays the same, because `watch` asks
/// every second.
#[derive(Debug, Default)]
pub(crate) struct Looks(HashMap<PathBuf, (Stamp, bool)>);

impl Looks {
    fn is_picture(&mut self, path: &Path) -> bool {
        let Ok(stamp) = std::fs::metadata(path).map(|metadata| Stamp::of(&metadata)) else {
            return is_picture(path);
        };
        match self.0.get(path) {
            Some((seen, is_picture)) if *seen == stamp => *is_picture,
            _ => {
                let is_picture = is_picture(path);
                self.0.insert(path.to_owned(), (stamp, is_picture));
                is_picture
            }
        }
    }
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
    /// Two names are canonically equivalent.
    SameName { first: String, second: String },
    /// The folders hold no pictures, or none that the patterns leave.
    NoFiles { skipped: Option<String> },
    /// A pattern of `--include` or `--exclude`, or of files, that makes no sense.
    Pattern(String),
    /// `-` without `--name`, or the other way round.
    Stdin,
    /// A pipe, a socket or a device was named.
    Special { name: String, kind: &'static str },
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
            Self::SameName { first, second } => write!(
                f,
                "{first} and {second} have the same name in two encodings of its accents (NFC and NFD), and would have \
                 one key; rename one of them, or give --raw-names to keep both"
            ),
            Self::NoFiles { skipped } => {
                f.write_str(
                    "there are no pictures in the folders given, or none that --include and --exclude leave",
                )?;
                skipped.iter().try_for_each(|skipped| write!(f, "; {skipped}"))
            }
            Self::Pattern(why) => f.write_str(why),
            Self::Special { name, kind: regular::PIPE } => write!(
                f,
                "{name} is a pipe, not a file; to upload what comes through it, use `- --name NAME`, as in \
                 `uploader put - --name photo.jpg < {name}`"
            ),
            Self::Special { name, kind } => write!(f, "{name} is {kind}, not a file; name a picture"),
            Self::Stdin => write!(
                f,
                "standard input, -, needs a --name such as chart.jpg, and comes alone; nothing else takes one"
            ),
        }
    }
}

/// Finds the files that `paths` name, folders walked and sorted, in the order given.
///
/// # Errors
///
/// [`Usage`] when the command line as a whole makes no sense. The fault of a single file is in its item.
pub(crate) fn find(paths: &[PathBuf], way: &WayArgs, looks: &mut Looks) -> Result<Found, Usage> {
    let keys = Keys::new(way)?;
    let wanted = Wanted::new(way)?;
    let mut found = Found::default();
    for path in paths {
        let path = &*existing(path);
        if let Some(kind) = regular::special(path) {
            return Err(Usage::Special { name: path.display().to_string(), kind });
        }
        if path.is_dir() {
            walk(path, &keys, &wanted, looks, &mut found);
        } else if let Some(files) = expanded(path)? {
            found.items.extend(files.iter().map(|path| keys.item(path, path.file_name().map(Path::new))));
        } else {
            found.items.push(keys.item(path, path.file_name().map(Path::new)));
        }
    }
    refuse_duplicates(&found.items)?;
    Ok(found)
}

/// Returns one line about files that were skipped, if there are any.
pub(crate) fn skipped_files(skipped: &[PathBuf]) -> Option<String> {
    cli_support::skipped_files(skipped.iter().map(PathBuf::as_path))
}

/// Returns `path`, or its other Unicode spelling if only that exists.
fn existing(path: &Path) -> Cow<'_, Path> {
    if path.symlink_metadata().is_ok() {
        return Cow::Borrowed(path);
    }
    let others = path.to_str().map(spellings).unwrap_or_default();
    let other = others.into_iter().map(PathBuf::from).find(|other| other.symlink_metadata().is_ok());
    other.map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The one item of what was read from standard input to `path`.
pub(super) fn piped(path: &Path, name: &str, way: &WayArgs) -> Result<Item, Usage> {
    let item = Keys::new(way)?.item(path, Some(Path::new(name)));
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
    let mut files: Vec<PathBuf> = Vec::new();
    for pattern in spellings(pattern) {
        let found = glob::glob(&pattern).map_err(|error| wrong(&error))?;
        for path in found.filter_map(Result::ok).filter(|path| path.is_file()) {
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
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

    /// Returns `true` if the file at `relative` of a folder is wanted.
    fn takes(&self, relative: &Path) -> bool {
        let relative = relative.to_str().map_or(Cow::Borrowed(relative), |text| match nfc(text) {
            Cow::Borrowed(_) => Cow::Borrowed(relative),
            Cow::Owned(text) => Cow::Owned(PathBuf::from(text)),
        });
        let matches =
            |patterns: &Gitignore| patterns.matched_path_or_any_parents(&relative, false).is_ignore();
        self.include.as_ref().is_none_or(matches) && !matches(&self.exclude)
    }
}

/// Parses patterns as lines of a `.gitignore`, in NFC.
fn patterns(lines: &[String]) -> Result<Gitignore, Usage> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder
            .add_line(None, &nfc(line))
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

fn walk(folder: &Path, keys: &Keys, wanted: &Wanted, looks: &mut Looks, found: &mut Found) {
    let is_hidden_folder = |entry: &DirEntry| {
        entry.file_type().is_dir() && entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let entered = |entry: &DirEntry| entry.depth() == 0 || !is_hidden_folder(entry);
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(entered) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let relative = entry.path().strip_prefix(folder).ok();
                if !relative.is_none_or(|relative| wanted.takes(relative)) {
                    continue;
                }
                let litter = is_litter(&entry.file_name().to_string_lossy());
                let is_file = entry.file_type().is_file();
                if let Some(kind) = regular::special(entry.path()).filter(|_| !litter) {
                    found.special.push((entry.into_path(), kind));
                } else if litter || (is_file && !keys.force && !looks.is_picture(entry.path())) {
                    found.skipped.push(entry.into_path());
                } else {
                    found.items.push(keys.item(entry.path(), relative));
                }
            }
            // What is not wanted may be unreadable.
            Err(error) if error.path().is_some_and(|path| is_excluded(path, folder, wanted)) => {}
            Err(error) => found.items.push(unreadable(folder, &error)),
        }
    }
}

fn is_excluded(path: &Path, folder: &Path, wanted: &Wanted) -> bool {
    let is_litter = path.file_name().is_some_and(|name| is_litter(&name.to_string_lossy()));
    is_litter || path.strip_prefix(folder).is_ok_and(|relative| !wanted.takes(relative))
}

fn unreadable(folder: &Path, error: &walkdir::Error) -> Item {
    let name = error.path().unwrap_or(folder).display().to_string();
    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    let remedy = "Check that it exists and that you may read it.";
    Item { name, key: String::new(), path: Err(Failure::new("unreadable", why, remedy)) }
}

/// How keys are made of names.
struct Keys {
    /// The folder of the bucket, with a slash at its end unless it is empty.
    prefix: String,
    /// Names become keys byte for byte, and not in NFC.
    raw: bool,
    /// Files that are no pictures are put, too.
    force: bool,
}

impl Keys {
    fn new(way: &WayArgs) -> Result<Self, Usage> {
        Ok(Self { prefix: prefix(&way.to)?, raw: way.raw_names, force: way.force })
    }

    fn item(&self, path: &Path, relative: Option<&Path>) -> Item {
        let name = path.display().to_string();
        let Some(tail) = relative.and_then(as_key) else {
            let failure =
                Failure::new("name", "the name is not UTF-8, and keys have to be", "Rename the file.");
            return Item { name, key: String::new(), path: Err(failure) };
        };
        let key = format!("{}{tail}", self.prefix);
        let key = if self.raw { key } else { nfc(&key).into_owned() };
        let path = match check_source_key(&key) {
            Ok(()) if !is_addressable(&key) => Err(Failure::new(
                "key",
                format!("no browser can ask for the key '{key}'"),
                "Rename the file.",
            )),
            Ok(()) => Ok(path.to_owned()),
            Err(error @ (KeyError::Empty | KeyError::TooLong { .. })) => {
                Err(Failure::new("key", error.to_string(), "Rename the file or choose a shorter --to."))
            }
        };
        Item { name, key, path }
    }
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
            let (key, first, second) = (item.key.clone(), first.to_owned(), item.name.clone());
            return Err(match nfc(&first) == nfc(&second) && first != second {
                true => Usage::SameName { first, second },
                false => Usage::Duplicate { key, first, second },
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
