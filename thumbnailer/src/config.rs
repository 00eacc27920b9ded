//! What the operator sets, read from the environment and checked before the first event.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use image_header::Limits;
use imaging::Preset;
use manifest::DerivedPlace;
use thiserror::Error;

/// Of the function's memory, what decoding and resizing may hold: the rest is for the source, for renditions
/// on their way out, and for the program.
const DECODED_SHARE: (u64, u64) = (60, 100);
/// Of the function's memory, what the source may take, which is held whole.
const SOURCE_SHARE: (u64, u64) = (25, 100);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where renditions and manifests are written.
    pub derived: DerivedPlace,
    /// The only bucket whose events are taken; any when `None`, but for the derived bucket without a prefix.
    pub originals_bucket: Option<String>,
    /// What to make of every source.
    pub preset: Preset,
    /// What a source may ask for.
    pub limits: Limits,
    /// Messages of a batch that are worked on at once. Each may take all that `limits` allows.
    pub record_concurrency: usize,
    /// How often the queue delivers a message before it goes to the dead-letter queue. The last time, the manifest
    /// says `failed` before work begins.
    pub max_receives: u32,
    /// How long renditions that no manifest names any more are kept for pages that still do.
    pub grace: Duration,
    /// The CloudFront distribution that is told of removals, by its id; none if `None`.
    pub distribution_id: Option<String>,
    /// Whether each invocation prints its metrics.
    pub metrics: bool,
}

/// A setting that cannot be used, with what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A required variable is not set.
    #[error("{name} is not set; it names {what}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is for.
        what: &'static str,
    },
    /// A variable's value is not one of those allowed.
    #[error("{name} is {value:?}, but has to be {allowed}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// Originals and renditions would share a bucket.
    #[error(
        "DERIVED_BUCKET and ORIGINALS_BUCKET are both {bucket:?}; every rendition would be taken for a new original. \
         Use two buckets, or set DERIVED_PREFIX to a folder for the renditions"
    )]
    SameBucket {
        /// The bucket.
        bucket: String,
    },
    /// Two variables exclude each other.
    #[error("PRESET and PRESET_FILE are both set; set one of them")]
    TwoPresets,
    /// The preset's file cannot be read.
    #[error("PRESET_FILE {path:?} cannot be read: {cause}")]
    PresetFile {
        /// The variable's value.
        path: String,
        /// The system's words.
        cause: String,
    },
}

impl Config {
    /// Defaults for all but the bucket.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] when no bucket can have that name.
    pub fn new(derived_bucket: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            derived: DerivedPlace::of_bucket(bucket_name("DERIVED_BUCKET", derived_bucket.into())?),
            originals_bucket: None,
            preset: Preset::default(),
            limits: Limits::default(),
            record_concurrency: 1,
            max_receives: 5,
            grace: 30 * DAY,
            distribution_id: None,
            metrics: true,
        })
    }

    /// Reads the process's environment. See [`Config::from_vars`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_vars`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables that `lookup` answers. Empty ones count as not set.
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `DERIVED_BUCKET` | where renditions and manifests are written | required |
    /// | `DERIVED_PREFIX` | what their keys begin with, such as `derived/` | nothing |
    /// | `ORIGINALS_BUCKET` | the only bucket whose events are taken; `DERIVED_BUCKET` only with `DERIVED_PREFIX` | any but `DERIVED_BUCKET` |
    /// | `PRESET` | the preset as TOML | `Preset::default` |
    /// | `PRESET_FILE` | a file with the preset as TOML | |
    /// | `MAX_SOURCE_BYTES` | bytes of a source | 25 % of the function's memory, at most 512 MiB |
    /// | `MAX_PIXELS` | pixels of a source | 250,000,000 |
    /// | `MAX_DECODED_BYTES` | bytes that decoding and resizing may hold | 60 % of the function's memory, else 1 GiB |
    /// | `RECORD_CONCURRENCY` | messages of a batch that are worked on at once, 1 to 16; they share the memory | 1 |
    /// | `MAX_RECEIVES` | the queue's `maxReceiveCount`, 1 to 1000 | 5 |
    /// | `RETIRED_GRACE_DAYS` | days that replaced renditions are kept, 1 to 3650 | 30 |
    /// | `DISTRIBUTION_ID` | the CloudFront distribution that is told to forget what was removed | none |
    /// | `METRICS` | `off`: no line of metrics in the log; see [`crate::embedded_metrics`] | `on` |
    ///
    /// The function's memory is `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` in MB, which Lambda sets.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the variable and what it may be.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = ConfigError::Missing {
            name: "DERIVED_BUCKET",
            what: "the bucket that renditions are written to",
        };
        let mut config = Self::new(var("DERIVED_BUCKET").ok_or(required)?)?;

        if let Some(prefix) = var("DERIVED_PREFIX") {
            config.derived = DerivedPlace::new(config.derived.bucket(), &prefix).map_err(|error| {
                let (value, allowed) = (prefix.clone(), error.to_string());
                ConfigError::Invalid { name: "DERIVED_PREFIX", value, allowed }
            })?;
        }
        if let Some(originals) = var("ORIGINALS_BUCKET") {
            let originals = bucket_name("ORIGINALS_BUCKET", originals)?;
            if originals == config.derived.bucket() && config.derived.prefix().is_empty() {
                return Err(ConfigError::SameBucket { bucket: originals });
            }
            config.originals_bucket = Some(originals);
        }
        if let Some(preset) = preset(var("PRESET"), var("PRESET_FILE"))? {
            config.preset = preset;
        }
        if let Some(concurrency) = number("RECORD_CONCURRENCY", var("RECORD_CONCURRENCY"), 1..=16)? {
            config.record_concurrency = concurrency;
        }
        if let Some(receives) = number("MAX_RECEIVES", var("MAX_RECEIVES"), 1..=1000)? {
            config.max_receives = receives;
        }
        if let Some(days) = number("RETIRED_GRACE_DAYS", var("RETIRED_GRACE_DAYS"), 1..=3650)? {
            config.grace = days * DAY;
        }

        config.distribution_id = var("DISTRIBUTION_ID").map(distribution_id).transpose()?;
        config.metrics = match var("METRICS").as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => {
                let (value, allowed) = (other.to_owned(), "on or off".to_owned());
                return Err(ConfigError::Invalid { name: "METRICS", value, allowed });
            }
        };

        let memory = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
        if let Some(megabytes) = number::<u64>(memory, var(memory), 1..=1 << 20)? {
            let each = (megabytes << 20) / config.record_concurrency as u64;
            config.limits.decoded_bytes = each * DECODED_SHARE.0 / DECODED_SHARE.1;
            config.limits.source_bytes =
                config.limits.source_bytes.min(each * SOURCE_SHARE.0 / SOURCE_SHARE.1);
        }
        for (name, limit) in [
            ("MAX_SOURCE_BYTES", &mut config.limits.source_bytes),
            ("MAX_PIXELS", &mut config.limits.pixels),
            ("MAX_DECODED_BYTES", &mut config.limits.decoded_bytes),
        ] {
            if let Some(value) = number(name, var(name), 1..=1 << 50)? {
                *limit = value;
            }
        }
        Ok(config)
    }
}

fn preset(inline: Option<String>, file: Option<String>) -> Result<Option<Preset>, ConfigError> {
    let (name, value, toml) = match (inline, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(ConfigError::TwoPresets),
        (Some(toml), None) => ("PRESET", toml.clone(), toml),
        (None, Some(path)) => {
            let toml = std::fs::read_to_string(&path)
                .map_err(|error| ConfigError::PresetFile { path: path.clone(), cause: error.to_string() })?;
            ("PRESET_FILE", path, toml)
        }
    };
    let invalid = |error: imaging::PresetError| ConfigError::Invalid {
        name,
        value,
        allowed: format!("a preset in TOML ({})", error.to_string().trim_end()),
    };
    Preset::from_toml(&toml).map(Some).map_err(invalid)
}

/// Letters and digits only, so that it can stand in a URL as it is.
fn distribution_id(value: String) -> Result<String, ConfigError> {
    if value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Ok(value);
    }
    let allowed = "a CloudFront distribution's id, such as E2QWRUHAPOMQZL".to_owned();
    Err(ConfigError::Invalid { name: "DISTRIBUTION_ID", value, allowed })
}

fn number<T>(
    name: &'static str,
    value: Option<String>,
    range: RangeInclusive<T>,
) -> Result<Option<T>, ConfigError>
where
    T: FromStr + PartialOrd + Display,
{
    let Some(value) = value else { return Ok(None) };
    match value.trim().parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(ConfigError::Invalid {
            name,
            value,
            allowed: format!("a whole number from {} to {}", range.start(), range.end()),
        }),
    }
}

/// The rules that all of S3's buckets keep: 3 to 63 characters of a–z, 0–9, `-`, `.`, at either end a letter
/// or digit (Amazon S3 User Guide, "General purpose bucket naming rules").
fn bucket_name(name: &'static str, value: String) -> Result<String, ConfigError> {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = value.as_bytes();
    let legal = (3..=63).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| edge(Some(byte)) || matches!(byte, b'-' | b'.'));
    if legal {
        return Ok(value);
    }
    let allowed = "a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots".to_owned();
    Err(ConfigError::Invalid { name, value, allowed })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut all = vec![("DERIVED_BUCKET", "derived")];
        all.extend_from_slice(vars);
        // The last one counts, so that a test can replace the required one.
        Config::from_vars(|name| {
            all.iter().rev().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_derived_bucket_is_all_that_is_needed() {
        assert_eq!(config(&[]).unwrap(), Config::new("derived").unwrap());
    }

    #[test]
    fn one_bucket_will_do_where_renditions_have_a_prefix() {
        let config = config(&[("ORIGINALS_BUCKET", "derived"), ("DERIVED_PREFIX", "small/")]).unwrap();
        assert_eq!(config.derived, DerivedPlace::new("derived", "small").unwrap());
        assert_eq!(config.originals_bucket.as_deref(), Some("derived"));
    }

    #[test]
    fn limits_follow_the_function_s_memory() {
        let limits = config(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1000")]).unwrap().limits;
        assert_eq!((limits.decoded_bytes, limits.source_bytes), (600 << 20, 250 << 20));
        let shared = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1000"), ("RECORD_CONCURRENCY", "2")];
        assert_eq!(config(&shared).unwrap().limits.decoded_bytes, 300 << 20);
        let told = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1000"), ("MAX_DECODED_BYTES", "7")];
        assert_eq!(config(&told).unwrap().limits.decoded_bytes, 7);
        assert_eq!(
            config(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "10240")]).unwrap().limits.source_bytes,
            512 << 20
        );
    }

    #[test]
    fn presets_come_inline_or_from_a_file() {
        assert_eq!(config(&[("PRESET", "widths = [100]")]).unwrap().preset.widths, [100]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "widths = [200]").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(config(&[("PRESET_FILE", path)]).unwrap().preset.widths, [200]);
    }

    #[test]
    fn errors_name_the_variable_and_what_is_allowed() {
        for (vars, words) in [
            (&[("DERIVED_BUCKET", "")][..], ["DERIVED_BUCKET", "not set"]),
            (&[("DERIVED_BUCKET", "Upper_Case")], ["DERIVED_BUCKET", "lower-case"]),
            (&[("ORIGINALS_BUCKET", "derived")], ["ORIGINALS_BUCKET", "DERIVED_PREFIX"]),
            (&[("DERIVED_PREFIX", "/")], ["DERIVED_PREFIX", "letters"]),
            (&[("ORIGINALS_BUCKET", "-x-")], ["ORIGINALS_BUCKET", "3 to 63"]),
            (&[("PRESET", "widths = [0]")], ["PRESET", "width 0"]),
            (&[("PRESET", "width = [1]")], ["PRESET", "width"]),
            (&[("PRESET_FILE", "/no/such/file.toml")], ["PRESET_FILE", "cannot be read"]),
            (&[("PRESET", "widths = [1]"), ("PRESET_FILE", "x")], ["PRESET_FILE", "one of them"]),
            (&[("DISTRIBUTION_ID", "d111.cloudfront.net")], ["DISTRIBUTION_ID", "E2QWRUHAPOMQZL"]),
            (&[("METRICS", "no")], ["METRICS", "off"]),
            (&[("MAX_PIXELS", "many")], ["MAX_PIXELS", "whole number"]),
            (&[("MAX_SOURCE_BYTES", "0")], ["MAX_SOURCE_BYTES", "from 1"]),
            (&[("RECORD_CONCURRENCY", "99")], ["RECORD_CONCURRENCY", "to 16"]),
            (&[("MAX_RECEIVES", "0")], ["MAX_RECEIVES", "from 1"]),
            (&[("RETIRED_GRACE_DAYS", "0")], ["RETIRED_GRACE_DAYS", "from 1"]),
        ] {
            let error = config(vars).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{vars:?}: {error}");
        }
    }
}
