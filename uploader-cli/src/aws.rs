//! The AWS configuration and its credentials, and what to do if there are none.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_support::Access;
pub(crate) use aws_support::{TLS, is_on_this_machine};

use crate::failure::{Failure, innermost};
use crate::settings::Settings;

/// Reads the AWS configuration that `settings` leave open from the AWS CLI's files and the environment.
pub(crate) async fn configured(settings: &Settings) -> SdkConfig {
    let access = Access {
        region: settings.region.clone(),
        endpoint: settings.endpoint.clone(),
        ca_bundle: settings.ca_bundle.clone(),
        profile: settings.aws_profile.clone(),
        profile_first: settings.aws_profile_asked_for,
        keys: settings.keys.clone(),
    };
    access.load().await
}

/// The credentials that requests are signed with.
///
/// # Errors
///
/// A [`Failure`] when there are none.
pub(crate) async fn credentials(shared: &SdkConfig, settings: &Settings) -> Result<Credentials, Failure> {
    let Some(provider) = shared.credentials_provider() else {
        return Err(no_credentials("none are configured", settings));
    };
    match provider.provide_credentials().await {
        Ok(credentials) => Ok(credentials),
        Err(CredentialsError::CredentialsNotLoaded(_)) if settings.aws_profile_asked_for => {
            Err(no_profile(settings))
        }
        Err(error) => Err(no_credentials(&innermost(&error), settings)),
    }
}

/// What is said of a profile that was asked for and nobody knows.
fn no_profile(settings: &Settings) -> Failure {
    let name = settings.aws_profile.as_deref().unwrap_or_default();
    let ours = settings.config_path.as_ref().map(|path| path.display().to_string());
    let message = format!(
        "there is no profile '{name}', neither in {} nor with credentials in the AWS CLI's files",
        ours.as_deref().unwrap_or("a configuration file")
    );
    let remedy = format!(
        "Check its name, or make one with `uploader init --profile {name}` or `aws configure --profile {name}`."
    );
    Failure::new("no-profile", message, remedy)
}

fn no_credentials(why: &str, settings: &Settings) -> Failure {
    // The further lines name each place that was looked at.
    let why = why.lines().next().unwrap_or_default().trim_end_matches(". Attempted:");
    let whose = settings.aws_profile.as_ref().map(|name| format!(" of the AWS profile '{name}'"));
    Failure::new(
        "no-credentials",
        format!("there are no AWS credentials{}: {why}", whose.unwrap_or_default()),
        "Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY. For `thumbnailer up` on this computer, add --local.",
    )
}
