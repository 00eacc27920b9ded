//! `--local`: the server that `thumbnailer up` runs on this computer.

use aws_credential_types::Credentials;
use cli_support::{LocalServer, NotFound};

use crate::cli::StoreArgs;
use crate::settings::{Settings, SettingsError, place};

/// Returns the settings of the running server. Neither the configuration file nor the AWS CLI's settings count; other buckets
/// can be named by flags.
///
/// # Errors
///
/// [`SettingsError::NoLocalServer`] if no server runs or its description cannot be read.
pub(crate) fn settings(
    args: &StoreArgs,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Settings, SettingsError> {
    let folder = cli_support::state_folder(env).ok_or(NotFound::NoStateFolder);
    let server =
        folder.and_then(|folder| LocalServer::find(&folder)).map_err(SettingsError::NoLocalServer)?;
    let named = |bucket: &Option<String>| bucket.clone().filter(|name| !name.trim().is_empty());
    Ok(Settings {
        originals: named(&args.bucket).unwrap_or(server.originals),
        derived: place(&named(&args.derived_bucket).unwrap_or(server.derived))?,
        region: Some(server.region),
        endpoint: Some(server.endpoint),
        accelerate: Some(false),
        keys: Some(Credentials::new(server.access_key, server.secret_key, None, None, "thumbnailer up")),
        ..Settings::default()
    })
}
