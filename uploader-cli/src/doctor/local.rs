//! What can be checked before the buckets are asked.

use std::path::Path;
use std::{env, io};

use aws_config::SdkConfig;
use aws_sdk_sts::error::ProvideErrorMetadata;
use tempfile::NamedTempFile;

use super::check::Check;
use crate::failure::innermost;
use crate::settings::Settings;
use crate::store::Store;
use crate::{aws, config};

/// The configuration file, which made sense.
pub(super) fn configuration(settings: &Settings) -> Check {
    let name = "configuration";
    let places = format!("originals in '{}', renditions in '{}'", settings.originals, settings.derived);
    let Some(path) = settings.config_path.as_deref().filter(|path| path.exists()) else {
        return Check::skipped(name, format!("no file; {places}"));
    };
    let path = path.display();
    match &settings.profile {
        Some(profile) => Check::ok(name, format!("profile '{profile}' of {path}; {places}")),
        None => Check::skipped(name, format!("no profile of {path} is in force; {places}")),
    }
}

/// Whether there are credentials, and whose they are.
pub(super) async fn credentials(shared: &SdkConfig, store: &Store) -> Check {
    let name = "credentials";
    let credentials = match aws::credentials(shared, &store.settings).await {
        Ok(credentials) => credentials,
        Err(failure) => return Check::failed(name, failure),
    };
    if let Some(endpoint) = &store.endpoint {
        return Check::ok(name, format!("access key '{}', for {endpoint}", credentials.access_key_id()));
    }
    let client = aws_sdk_sts::Client::new(shared);
    match client.get_caller_identity().send().await {
        Ok(who) => Check::ok(name, who.arn().unwrap_or("accepted").to_owned()),
        Err(error) => match error.as_service_error() {
            Some(said) => Check::error(
                name,
                format!(
                    "access key '{}' was not accepted: {}: {}",
                    credentials.access_key_id(),
                    said.code().unwrap_or("unknown"),
                    said.message().unwrap_or("AWS gave no further words")
                ),
                "Sign in again (`aws sso login`, `aws configure`), or choose others with AWS_PROFILE.",
            ),
            None => Check::error(
                name,
                format!("AWS could not be asked whose they are: {}", innermost(&error)),
                "Check the network; for `thumbnailer up` on this computer, add --local.",
            ),
        },
    }
}

/// Whether a resumable upload can be written down.
pub(super) fn state_folder() -> Check {
    let name = "state";
    let Some(folder) = config::state_folder(|name| env::var(name).ok()) else {
        return Check::error(
            name,
            "there is no home folder",
            format!("Name a folder with {}.", config::STATE_VARIABLE),
        );
    };
    match try_writing(&folder) {
        Ok(()) => Check::ok(name, format!("{} is writable", folder.display())),
        Err(error) => Check::error(
            name,
            format!("{} cannot be written: {error}", folder.display()),
            format!("Check its permissions, or name another folder with {}.", config::STATE_VARIABLE),
        ),
    }
}

/// Whether a file can be made in `folder` or, where it isn't there yet, the folder itself; nothing stays.
fn try_writing(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(folder);
    NamedTempFile::new_in(there)?.close()
}
