//! The configuration file: profiles, each with the places of one blog. Credentials are never in it.

pub(crate) mod edit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::cli::{base_url, http_url};

/// The variable that names the file.
pub(crate) const VARIABLE: &str = "UPLOADER_CONFIG";

/// The variable that names the folder of what is written down between runs.
pub(crate) const STATE_VARIABLE: &str = "UPLOADER_STATE";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile that is in force unless another is asked for.
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// One blog's places. What is absent comes from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Bucket of the originals.
    pub(crate) bucket: Option<String>,
    /// Bucket of the renditions.
    pub(crate) derived_bucket: Option<String>,
    /// What URLs of renditions begin with.
    pub(crate) base_url: Option<String>,
    pub(crate) region: Option<String>,
    /// The S3 server, if it isn't Amazon's.
    pub(crate) endpoint_url: Option<String>,
    /// Where in the AWS CLI's files the credentials are.
    pub(crate) aws_profile: Option<String>,
    /// Whether uploads go by Transfer Acceleration; absent, the bucket is asked.
    pub(crate) accelerate: Option<bool>,
}

/// Where the file lies, and whether somebody said so. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) path: PathBuf,
    /// By [`VARIABLE`].
    pub(crate) named: bool,
}

impl Location {
    /// [`VARIABLE`]'s, else `uploader/config.toml` in the user's configuration folder; `None` without a home.
    ///
    /// Source: XDG Base Directory Specification 0.8; on Windows, the roaming application data.
    pub(crate) fn find(env: impl Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(path) = env(VARIABLE).filter(|path| !path.is_empty()) {
            return Some(Self { path: path.into(), named: true });
        }
        let base = etcetera::choose_base_strategy().ok()?;
        Some(Self { path: base.config_dir().join("uploader").join("config.toml"), named: false })
    }
}

/// Where things are written down between runs: [`STATE_VARIABLE`]'s, else `uploader` in the user's folder for state
/// (on Windows, for data); `None` without a home. It need not exist.
///
/// Source: XDG Base Directory Specification 0.8.
pub(crate) fn state_folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(path) = env(STATE_VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("uploader"))
}

impl Config {
    /// Reads the file at `location`; nothing at the usual place is an empty configuration.
    ///
    /// # Errors
    ///
    /// In words with the file's name: a named file isn't there, it cannot be read, or says what makes no
    /// sense (with the line).
    pub(crate) fn load(location: &Location) -> Result<Self, String> {
        let path = &location.path;
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !location.named => {
                return Ok(Self::default());
            }
            Err(error) => {
                let by = if location.named { format!(", which {VARIABLE} names,") } else { String::new() };
                return Err(format!("{}{by} cannot be read: {error}", path.display()));
            }
        };
        Self::parse(&text, path)
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    ///
    /// What makes no sense, with file and line.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            format!("{}, line {line}: {}", path.display(), error.message().replace('`', "'"))
        })?;
        for (name, profile) in &config.profiles {
            if let Some(Err(why)) = profile.endpoint_url.as_deref().map(http_url) {
                return Err(format!("{}: endpoint_url of profile '{name}': {why}", path.display()));
            }
            if let Some(Err(why)) = profile.base_url.as_deref().map(base_url) {
                return Err(format!("{}: base_url of profile '{name}': {why}", path.display()));
            }
        }
        if let Some(name) = config.default.as_ref().filter(|name| !config.profiles.contains_key(*name)) {
            return Err(format!(
                "{}: default is '{name}', but there is no [profiles.{name}]",
                path.display()
            ));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("c.toml"))
    }

    #[test]
    fn every_key_is_optional() {
        assert_eq!(parse(""), Ok(Config::default()));
        let config = parse(
            "default = 'blog'\n[profiles.blog]\nbucket = 'a'\nderived_bucket = 'b'\nbase_url = 'https://c'\n\
             region = 'eu-west-1'\nendpoint_url = 'http://d'\naws_profile = 'e'\naccelerate = false\n\
             [profiles.other]\n",
        )
        .unwrap();
        assert_eq!(config.default.as_deref(), Some("blog"));
        assert_eq!(config.profiles["blog"].accelerate, Some(false));
        assert_eq!(config.profiles["other"], Profile::default());
    }

    #[test]
    fn mistakes_are_named_with_file_and_line() {
        let wrong = |text: &str| parse(text).unwrap_err();
        let unknown = wrong("[profiles.blog]\nregion = 'x'\nbukcet = 'a'\n");
        assert!(unknown.starts_with("c.toml, line 3: unknown field 'bukcet'"), "{unknown}");
        assert!(wrong("\n\nbucket = 'a'").starts_with("c.toml, line 3: unknown field 'bucket'"));
        assert!(wrong("[profiles.blog]\naccelerate = 'yes'").starts_with("c.toml, line 2: "));
        assert!(wrong("[profiles.blog\n").starts_with("c.toml, line 1: "));
        let endpoint = wrong("[profiles.blog]\nendpoint_url = '127.0.0.1:9000'");
        assert!(endpoint.contains("c.toml: endpoint_url of profile 'blog'"), "{endpoint}");
        assert_eq!(wrong("default = 'a'"), "c.toml: default is 'a', but there is no [profiles.a]");
    }

    #[test]
    fn a_variable_names_the_file_unless_it_is_empty() {
        let named = Location::find(|name| (name == VARIABLE).then(|| "/x/y.toml".to_owned()));
        assert_eq!(named, Some(Location { path: "/x/y.toml".into(), named: true }));
        let usual = Location::find(|_| Some(String::new())).unwrap();
        assert!(!usual.named && usual.path.ends_with("uploader/config.toml"), "{usual:?}");
    }
}
