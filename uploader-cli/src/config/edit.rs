//! Writes one profile into the configuration file and leaves the rest as it is.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::NamedTempFile;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

use super::{Config, Profile};
use crate::failure::Failure;

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    /// The profile as it stands in the file now, as TOML.
    pub(crate) text: String,
    /// The profile that is in force unless another is asked for.
    pub(crate) default: String,
}

/// Sets what `profile` says in the profile `name` of the file at `path`, which need not exist yet.
///
/// The file is replaced at once or not at all, and only its owner may read it.
///
/// # Errors
///
/// A [`Failure`] that names the file.
pub(crate) fn write(
    path: &Path,
    name: &str,
    profile: &Profile,
    make_default: bool,
) -> Result<Written, Failure> {
    let unwritable = |error: io::Error| {
        Failure::new(
            "unwritable",
            format!("{} cannot be written: {error}", path.display()),
            "Check the folder's permissions, or name another file with UPLOADER_CONFIG.",
        )
    };
    let before = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(unwritable)?,
    };
    let after = merged(&before, name, profile, make_default).map_err(|why| {
        Failure::new("config", format!("{}: {why}", path.display()), "Mend the file first.")
    })?;
    replace(path, &after).map_err(unwritable)?;

    let config = Config::parse(&after, path)
        .map_err(|why| Failure::new("config", why, "Mend the file, and run the command again."))?;
    let text = config.profiles.get(name).map(|profile| shown(name, profile)).unwrap_or_default();
    let default = config.default.unwrap_or_default();
    Ok(Written { path: path.to_owned(), name: name.to_owned(), text, default })
}

/// `before` with the profile in it.
fn merged(before: &str, name: &str, profile: &Profile, make_default: bool) -> Result<String, String> {
    let mut document: DocumentMut = before.parse().map_err(|error| format!("{error}"))?;
    if make_default || !document.contains_key("default") {
        set(document.as_table_mut(), "default", name.into());
    }
    let no_table = |what: &str| format!("{what} is no table");
    let profiles = document.entry("profiles").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let profiles = profiles.as_table_like_mut().ok_or_else(|| no_table("profiles"))?;
    let table = profiles.entry(name).or_insert_with(toml_edit::table);
    let table = table.as_table_like_mut().ok_or_else(|| no_table("the profile"))?;

    let Profile { bucket, derived_bucket, base_url, region, endpoint_url, aws_profile, accelerate } = profile;
    let texts = [
        ("bucket", bucket),
        ("derived_bucket", derived_bucket),
        ("base_url", base_url),
        ("region", region),
        ("endpoint_url", endpoint_url),
        ("aws_profile", aws_profile),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            set(table, key, text.into());
        }
    }
    if let Some(accelerate) = accelerate {
        set(table, "accelerate", (*accelerate).into());
    }
    Ok(document.to_string())
}

/// Sets `key`; a comment beside it stays.
fn set(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => _ = table.insert(key, value(new)),
    }
}

/// One profile as TOML.
fn shown(name: &str, profile: &Profile) -> String {
    // Behind the line of the default.
    let alone = merged("", name, profile, false).unwrap_or_default();
    alone.split_once("\n\n").map(|(_, profile)| profile.to_owned()).unwrap_or_default()
}

/// Writes beside the file and renames, so that whoever reads it meanwhile sees one or the other.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Of a link, what it leads to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Made with mode 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(bucket: &str) -> Profile {
        Profile { bucket: Some(bucket.into()), accelerate: Some(true), ..Profile::default() }
    }

    #[test]
    fn a_first_profile_is_the_default() {
        let text = merged("", "my blog", &profile("b"), false).unwrap();
        assert_eq!(
            text,
            "default = \"my blog\"\n\n[profiles.\"my blog\"]\nbucket = \"b\"\naccelerate = true\n"
        );
        assert_eq!(
            shown("my blog", &profile("b")),
            "[profiles.\"my blog\"]\nbucket = \"b\"\naccelerate = true\n"
        );
    }

    #[test]
    fn the_rest_stays_as_it_is() {
        let before = "# mine\ndefault = 'a' # first\n\n[profiles.a]\nbucket = 'old' # why\nregion = 'r'\n";
        let text = merged(before, "a", &profile("new"), false).unwrap();
        assert_eq!(
            text,
            "# mine\ndefault = 'a' # first\n\n[profiles.a]\nbucket = \"new\" # why\nregion = 'r'\naccelerate = true\n"
        );
        let text = merged(before, "z", &profile("b"), true).unwrap();
        assert!(text.starts_with("# mine\ndefault = \"z\" # first\n\n[profiles.a]\nbucket = 'old' # why\n"));
        assert!(text.ends_with("\n[profiles.z]\nbucket = \"b\"\naccelerate = true\n"), "{text}");
    }

    #[test]
    fn any_spelling_of_tables_will_do() {
        for before in
            ["profiles = { a = { bucket = 'x' } }\n", "profiles.a.bucket = 'x'\n", "[profiles]\na = {}\n"]
        {
            let text = merged(before, "a", &profile("b"), false).unwrap();
            let config = Config::parse(&text, Path::new("c.toml")).unwrap();
            assert_eq!(config.profiles["a"], profile("b"), "{text}");
            assert_eq!(config.default.as_deref(), Some("a"));
        }
        assert!(merged("profiles = 1", "a", &profile("b"), false).is_err());
    }
}
