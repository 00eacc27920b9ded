//! The two buckets, and the way to them.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use manifest::DerivedPlace;

use crate::aws;
use crate::cli::StoreArgs;
use crate::failure::Failure;
use crate::settings::{ENDPOINT_VARIABLES, Settings};
use crate::{FAILED, USAGE};

/// Originals and renditions.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// For everything but the bytes of originals; tries again by itself.
    pub(crate) client: Client,
    /// For the bytes of originals: accelerated where that is chosen, and never tries again by itself.
    pub(crate) sender: Client,
    /// Bucket of the originals.
    pub(crate) originals: String,
    /// Where the renditions lie.
    pub(crate) derived: DerivedPlace,
    /// The server, if it isn't Amazon's.
    pub(crate) endpoint: Option<String>,
    /// What the flags, the environment and the configuration file came to.
    pub(crate) settings: Settings,
}

/// Why a command doesn't begin.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What was asked for makes no sense.
    Usage(String),
    Failed(Failure),
}

impl Refusal {
    /// Says so; the answer is the exit status.
    pub(crate) fn say(self) -> u8 {
        match self {
            Self::Usage(usage) => {
                cli_support::tell(format_args!("error: {usage}"));
                USAGE
            }
            Self::Failed(failure) => {
                cli_support::tell(format_args!("error: {failure}"));
                FAILED
            }
        }
    }
}

impl Store {
    /// The store that flags, environment and configuration file lead to.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when they make no sense, or there are no credentials.
    pub(crate) async fn of(args: &StoreArgs) -> Result<Self, Refusal> {
        let settings = Settings::resolve(args, |name| std::env::var(name).ok())
            .map_err(|error| Refusal::Usage(error.to_string()))?;
        Self::open(&settings).await.map_err(Refusal::Failed)
    }

    /// Speaks to the buckets of `settings`, with credentials that are found where the AWS CLI finds them.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when there are no credentials, before anything is sent.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let shared = aws::configured(settings).await;
        aws::credentials(&shared, settings).await?;
        Ok(Self::with(&shared, settings))
    }

    /// As [`Store::open`], whether there are credentials or not.
    pub(crate) fn with(shared: &SdkConfig, settings: &Settings) -> Self {
        let of_profile = || shared.endpoint_url().filter(|url| !url.trim().is_empty());
        let endpoint = settings
            .endpoint
            .clone()
            .or_else(|| of_profile().map(|url| url.trim_end_matches('/').to_owned()));
        let mut config = aws_sdk_s3::config::Builder::from(shared);
        match &endpoint {
            // Servers other than Amazon's rarely have a DNS name for each bucket.
            Some(endpoint) => config = config.endpoint_url(endpoint).force_path_style(true),
            // The SDK takes an empty variable for a server without a name.
            None if is_any_empty(&ENDPOINT_VARIABLES) => _ = config.set_endpoint_url(None),
            None => {}
        }
        let client = Client::from_conf(config.build());
        Self {
            sender: sender(&client, false),
            client,
            originals: settings.originals.clone(),
            derived: settings.derived.clone(),
            endpoint,
            settings: settings.clone(),
        }
    }

    /// The same buckets, with uploads going by Transfer Acceleration.
    pub(crate) fn accelerated(self) -> Self {
        Self { sender: sender(&self.client, true), ..self }
    }

    /// Whether bodies are signed, which costs a SHA-256 of all bytes. Their checksums are signed in any case, and on
    /// other ways TLS, or this machine's own memory, is what nobody can reach into.
    pub(crate) fn signs_payload(&self) -> bool {
        let plain = self.endpoint.as_deref().filter(|endpoint| endpoint.starts_with("http://"));
        plain.is_some_and(|endpoint| !aws::is_on_this_machine(endpoint))
    }

    /// What URLs of renditions begin with if no flag says: as the profile has it, else the bucket at the
    /// endpoint, else nothing.
    pub(crate) fn default_base_url(&self) -> String {
        if let Some(base_url) = &self.settings.base_url {
            return base_url.clone();
        }
        let endpoint = self.endpoint.as_ref();
        endpoint.map(|endpoint| format!("{endpoint}/{}", self.derived)).unwrap_or_default()
    }
}

fn sender(client: &Client, accelerate: bool) -> Client {
    let config = client.config().to_builder().retry_config(RetryConfig::disabled()).accelerate(accelerate);
    Client::from_conf(config.build())
}

fn is_any_empty(variables: &[&str]) -> bool {
    variables.iter().any(|name| std::env::var(name).is_ok_and(|value| value.trim().is_empty()))
}
