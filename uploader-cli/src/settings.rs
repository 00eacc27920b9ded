//! Which buckets, which server, whose credentials: flags, else the environment, else the configuration file. Only for a
//! server that is not Amazon's, the bucket names of `thumbnailer up` are the default.

use std::fmt;
use std::path::PathBuf;

use aws_credential_types::Credentials;
use cli_support::NotFound;
use manifest::DerivedPlace;

use crate::cli::{StoreArgs, http_url};
use crate::config::{Config, Location, Profile};
use crate::endpoint::is_amazons;
use crate::local;

/// The environment's variables that name an S3 server, the stronger first.
pub(crate) const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Buckets of `thumbnailer up`.
const DEFAULT_ORIGINALS: &str = "originals";
const DEFAULT_DERIVED: &str = "derived";

/// A reason why the settings are incomplete or wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettingsError {
    /// A flag, a variable or a line of the file is wrong.
    Invalid(String),
    /// `--local` was given, and no server runs.
    NoLocalServer(NotFound),
    /// Nothing names a bucket, nor a server that has the default buckets.
    NoBuckets,
    /// One bucket is named, but not the one that this flag gives.
    OneBucket { missing: &'static str, named: String },
}

impl SettingsError {
    /// Returns what is wrong, as a phrase.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Invalid(why) => why.clone(),
            Self::NoLocalServer(why) => why.to_string(),
            Self::NoBuckets => "no bucket is configured".to_owned(),
            Self::OneBucket { missing, named } => {
                format!("'{named}' is named, but {} is not", purpose(missing))
            }
        }
    }

    /// Returns what to do about it, as a sentence.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Invalid(_) => "Fix it, or write the file again with `uploader init`.".to_owned(),
            Self::NoLocalServer(why) => why.remedy(),
            Self::NoBuckets => "Run `uploader init` or use `--local`.".to_owned(),
            Self::OneBucket { missing, .. } => {
                format!("Give {missing} NAME, or write both into a profile with `uploader init`.")
            }
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => f.write_str(why),
            Self::NoBuckets => write!(f, "{}: run `uploader init` or use `--local`", self.message()),
            Self::NoLocalServer(_) | Self::OneBucket { .. } => {
                write!(f, "{}. {}", self.message(), self.remedy())
            }
        }
    }
}

fn purpose(flag: &str) -> &'static str {
    if flag == ORIGINALS_FLAG { "the bucket of the originals" } else { "the bucket of the renditions" }
}

const ORIGINALS_FLAG: &str = "--bucket";
const DERIVED_FLAG: &str = "--derived-bucket";

/// All that a command needs to know before it speaks to S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Bucket of the originals.
    pub(crate) originals: String,
    /// Where the renditions lie.
    pub(crate) derived: DerivedPlace,
    /// What URLs begin with, as the configuration file says it.
    pub(crate) base_url: Option<String>,
    /// If `None`, the AWS profile's, else S3's oldest.
    pub(crate) region: Option<String>,
    /// The S3 server, if somebody named one. An AWS profile may still do so.
    pub(crate) endpoint: Option<String>,
    /// Whose credentials; if `None`, the AWS CLI's default.
    pub(crate) aws_profile: Option<String>,
    /// Whether `aws_profile` was asked for by name: it then comes before credentials in the environment.
    pub(crate) aws_profile_asked_for: bool,
    /// Whether uploads go by Transfer Acceleration; if `None`, the bucket is asked.
    pub(crate) accelerate: Option<bool>,
    /// The profile of the configuration file that is in force.
    pub(crate) profile: Option<String>,
    /// Certificates to trust instead of the system's, as PEM.
    pub(crate) ca_bundle: Option<Vec<u8>>,
    /// Where the configuration file lies or would lie.
    pub(crate) config_path: Option<PathBuf>,
    /// The key pair of `thumbnailer up`, with `--local`; else the AWS CLI's credentials are used.
    pub(crate) keys: Option<Credentials>,
}

impl Settings {
    /// Brings together what `args`, the environment and the configuration file say. What is empty counts as
    /// not set.
    ///
    /// # Errors
    ///
    /// A [`SettingsError`] if a variable or a line of the file is wrong, or nothing names the buckets.
    pub(crate) fn resolve(
        args: &StoreArgs,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        if args.local {
            return local::settings(args, env);
        }
        let location = Location::find(&env);
        let config = location.as_ref().map(Config::load).transpose().map_err(SettingsError::Invalid)?;
        let config = config.unwrap_or_default();
        let settings = Self::merge(args, &env, &config)?;
        let ca_bundle = aws_support::ca_bundle(&env).map_err(SettingsError::Invalid)?;
        let config_path = location.map(|location| location.path);
        Ok(Self { config_path, ca_bundle, ..settings })
    }

    fn merge(
        args: &StoreArgs,
        env: impl Fn(&str) -> Option<String>,
        config: &Config,
    ) -> Result<Self, SettingsError> {
        let asked_for = set(args.profile.clone());
        let name = asked_for.clone().or_else(|| config.default.clone());
        let known = name.as_ref().and_then(|name| config.profiles.get(name));
        let profile = known.cloned().unwrap_or_default();
        // `aws --profile NAME` works without a line in our file; so does this.
        let of_aws = asked_for.filter(|_| known.is_none());

        let Profile { bucket, derived_bucket, base_url, region, endpoint_url, aws_profile, accelerate } =
            profile;
        let first = |names: &[&str]| names.iter().find_map(|name| set(env(name)));
        let endpoint =
            endpoint(args.endpoint_url.as_ref(), &env, endpoint_url).map_err(SettingsError::Invalid)?;
        // On Amazon's S3, bucket names are global: the default ones belong to strangers.
        let has_default_buckets = endpoint.as_deref().is_some_and(|url| !is_amazons(url));
        let (originals, derived) = buckets(
            set(args.bucket.clone()).or(set(bucket)),
            set(args.derived_bucket.clone()).or(set(derived_bucket)),
            has_default_buckets,
        )?;
        Ok(Self {
            originals,
            derived,
            base_url: set(base_url),
            region: set(args.region.clone()).or_else(|| first(&REGION_VARIABLES)).or(set(region)),
            endpoint,
            aws_profile_asked_for: of_aws.is_some(),
            aws_profile: of_aws.or_else(|| first(&["AWS_PROFILE"])).or(set(aws_profile)),
            accelerate,
            profile: name.filter(|_| known.is_some()),
            ca_bundle: None,
            config_path: None,
            keys: None,
        })
    }
}

/// Returns both buckets: those that were named, else the default ones if the server has them.
fn buckets(
    originals: Option<String>,
    derived: Option<String>,
    has_defaults: bool,
) -> Result<(String, DerivedPlace), SettingsError> {
    let (originals, derived) = match (originals, derived) {
        (Some(originals), Some(derived)) => (originals, derived),
        (originals, derived) if has_defaults => (
            originals.unwrap_or_else(|| DEFAULT_ORIGINALS.to_owned()),
            derived.unwrap_or_else(|| DEFAULT_DERIVED.to_owned()),
        ),
        (None, None) => return Err(SettingsError::NoBuckets),
        (Some(named), None) => return Err(SettingsError::OneBucket { missing: DERIVED_FLAG, named }),
        (None, Some(named)) => return Err(SettingsError::OneBucket { missing: ORIGINALS_FLAG, named }),
    };
    Ok((originals, place(&derived)?))
}

/// Parses the bucket of the renditions, with the prefix of its keys after a slash.
pub(crate) fn place(derived: &str) -> Result<DerivedPlace, SettingsError> {
    derived.parse().map_err(|error| {
        SettingsError::Invalid(format!("the bucket of the renditions is '{derived}': {error}"))
    })
}

/// The S3 server that the command line, else the environment, else the configuration file names.
///
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
fn endpoint(
    flag: Option<&String>,
    env: impl Fn(&str) -> Option<String>,
    configured: Option<String>,
) -> Result<Option<String>, String> {
    if flag.is_some() {
        return Ok(flag.cloned());
    }
    if env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let named = ENDPOINT_VARIABLES.into_iter().find_map(|name| Some((name, set(env(name))?)));
    match named {
        Some((name, value)) => {
            http_url(&value).map(Some).map_err(|why| format!("{name} is '{value}': {why}"))
        }
        None => set(configured).map(|url| http_url(&url)).transpose(),
    }
}

fn set(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FILE: &str = "\
        default = 'blog'\n\
        [profiles.blog]\n\
        bucket = 'blog-originals'\n\
        derived_bucket = 'blog-images/derived'\n\
        base_url = 'https://img.example.org'\n\
        region = 'eu-central-1'\n\
        endpoint_url = 'http://file/'\n\
        aws_profile = 'author'\n\
        accelerate = true\n\
        [profiles.plain]\n";

    fn merged(args: &StoreArgs, variables: &[(&str, &str)], file: &str) -> Result<Settings, SettingsError> {
        let config = Config::parse(file, Path::new("c.toml")).unwrap();
        let env = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::merge(args, env, &config)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn without_any_word_there_are_no_buckets() {
        let refused = |variables: &[(&str, &str)], args: &StoreArgs| merged(args, variables, "").unwrap_err();
        let nothing = StoreArgs::default();
        assert_eq!(refused(&[], &nothing), SettingsError::NoBuckets);
        assert!(SettingsError::NoBuckets.to_string().ends_with("run `uploader init` or use `--local`"));
        for amazon in [
            "https://s3.eu-central-1.amazonaws.com",
            "https://S3.Amazonaws.com.:443/",
            "https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com",
            "https://s3.cn-north-1.amazonaws.com.cn",
            "https://s3.dualstack.eu-west-1.api.aws",
        ] {
            assert_eq!(
                refused(&[("AWS_ENDPOINT_URL", amazon)], &nothing),
                SettingsError::NoBuckets,
                "{amazon}"
            );
        }
        // A region or an AWS profile says nothing about buckets.
        assert_eq!(
            refused(&[("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "a")], &nothing),
            SettingsError::NoBuckets
        );
    }

    #[test]
    fn a_server_of_another_maker_has_the_default_buckets() {
        for own in ["http://127.0.0.1:9000", "https://s3.example.org", "https://amazonaws.com.example.org"] {
            let settings = merged(&StoreArgs::default(), &[("AWS_ENDPOINT_URL", own)], "").unwrap();
            let expected = Settings {
                originals: "originals".into(),
                derived: DerivedPlace::of_bucket("derived"),
                endpoint: some(own),
                ..Settings::default()
            };
            assert_eq!(settings, expected);
        }
    }

    #[test]
    fn one_bucket_is_no_reason_to_guess_the_other() {
        let args = StoreArgs { bucket: some("mine"), ..StoreArgs::default() };
        let refused = merged(&args, &[], "").unwrap_err();
        assert_eq!(refused, SettingsError::OneBucket { missing: "--derived-bucket", named: "mine".into() });
        assert!(
            refused.to_string().contains("the bucket of the renditions is not. Give --derived-bucket"),
            "{refused}"
        );
        let args = StoreArgs { derived_bucket: some("mine/x"), ..StoreArgs::default() };
        let refused = merged(&args, &[], "").unwrap_err();
        assert_eq!(refused, SettingsError::OneBucket { missing: "--bucket", named: "mine/x".into() });
        let local = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")];
        assert_eq!(merged(&args, &local, "").unwrap().originals, "originals");
    }

    #[test]
    fn the_file_s_default_profile_is_in_force() {
        let settings = merged(&StoreArgs::default(), &[("AWS_REGION", "")], FILE).unwrap();
        let expected = Settings {
            originals: "blog-originals".into(),
            derived: DerivedPlace::new("blog-images", "derived").unwrap(),
            base_url: some("https://img.example.org"),
            region: some("eu-central-1"),
            endpoint: some("http://file"),
            aws_profile: some("author"),
            aws_profile_asked_for: false,
            accelerate: Some(true),
            profile: some("blog"),
            ca_bundle: None,
            config_path: None,
            keys: None,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn flags_come_before_the_environment_and_that_before_the_file() {
        let variables = [
            ("AWS_DEFAULT_REGION", "us-west-1"),
            ("AWS_REGION", "us-west-2"),
            ("AWS_PROFILE", "of-env"),
            ("AWS_ENDPOINT_URL", "http://env"),
        ];
        let by_env = merged(&StoreArgs::default(), &variables, FILE).unwrap();
        assert_eq!(by_env.region, some("us-west-2"));
        assert_eq!(by_env.aws_profile, some("of-env"));
        assert_eq!(by_env.endpoint, some("http://env"));
        assert_eq!(by_env.originals, "blog-originals");
        let args = StoreArgs {
            bucket: some("b"),
            derived_bucket: some("d"),
            region: some("eu-north-1"),
            endpoint_url: some("http://flag"),
            profile: some("plain"),
            local: false,
        };
        let by_flag = merged(&args, &variables, FILE).unwrap();
        assert_eq!((by_flag.originals.as_str(), by_flag.derived), ("b", DerivedPlace::of_bucket("d")));
        assert_eq!(by_flag.region, some("eu-north-1"));
        assert_eq!(by_flag.endpoint, some("http://flag"));
        assert_eq!(by_flag.profile, some("plain"));
        assert_eq!((by_flag.accelerate, by_flag.base_url), (None, None));
    }

    #[test]
    fn a_profile_that_the_file_has_not_is_one_of_aws() {
        let args = StoreArgs { profile: some("work"), ..StoreArgs::default() };
        let variables = [("AWS_PROFILE", "of-env")];
        assert_eq!(merged(&args, &variables, FILE), Err(SettingsError::NoBuckets));
        let args = StoreArgs { bucket: some("a"), derived_bucket: some("b"), ..args };
        let settings = merged(&args, &variables, FILE).unwrap();
        assert_eq!(settings.aws_profile, some("work"));
        assert!(settings.aws_profile_asked_for);
        assert_eq!((settings.originals.as_str(), settings.profile), ("a", None));
    }

    #[test]
    fn the_strongest_endpoint_that_is_not_empty_is_in_force() {
        let endpoint = |flag: Option<&str>, variables: &[(&str, &str)], file: &str| {
            let args = StoreArgs {
                endpoint_url: flag.map(str::to_owned),
                bucket: some("a"),
                derived_bucket: some("b"),
                ..StoreArgs::default()
            };
            merged(&args, variables, file).map(|settings| settings.endpoint)
        };
        let all = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_S3", "http://s3/")];
        let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        assert_eq!(endpoint(Some("http://flag"), &all, FILE), Ok(some("http://flag")));
        assert_eq!(endpoint(None, &all, FILE), Ok(some("http://s3")));
        assert_eq!(endpoint(None, &all[..1], FILE), Ok(some("http://all")));
        assert_eq!(endpoint(None, &[all[0], ("AWS_ENDPOINT_URL_S3", "")], ""), Ok(some("http://all")));
        assert_eq!(endpoint(None, &[("AWS_ENDPOINT_URL", "")], ""), Ok(None));
        assert_eq!(endpoint(None, &[("AWS_ENDPOINT_URL", " ")], FILE), Ok(some("http://file")));
        assert_eq!(endpoint(None, &[all[0], ignore], FILE), Ok(None));
        assert_eq!(endpoint(Some("http://flag"), &[ignore], FILE), Ok(some("http://flag")));
        let wrong = endpoint(None, &[("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000"), all[0]], "");
        assert!(wrong.is_err_and(|why| why.to_string().contains("AWS_ENDPOINT_URL_S3 is '127.0.0.1:9000'")));
    }
}
