//! The template: its text, and what CloudFormation reads in it.

use std::path::Path;

use aws_sdk_cloudformation::error::ProvideErrorMetadata;

use crate::account::Account;
use crate::failure::Failure;
use crate::parameters::Declared;

/// What a request can carry; a longer one has to lie in a bucket. Source: AWS CloudFormation quotas.
pub(crate) const INLINE_BYTES: usize = 51_200;

/// A template as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Body(String),
    Url(String),
}

impl Source {
    pub(crate) fn body(&self) -> Option<String> {
        matches!(self, Self::Body(_)).then(|| self.text().to_owned())
    }

    pub(crate) fn url(&self) -> Option<String> {
        matches!(self, Self::Url(_)).then(|| self.text().to_owned())
    }

    fn text(&self) -> &str {
        match self {
            Self::Body(text) | Self::Url(text) => text,
        }
    }
}

/// The text of the template at `path`.
///
/// # Errors
///
/// A [`Failure`] when it cannot be read.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            format!("the template {} cannot be read: {error}", path.display()),
            "Run the command in the repository, or give the template with --template.",
        )
    })
}

/// The parameters that the template declares, as CloudFormation reads it.
///
/// # Errors
///
/// A [`Failure`] when it is no template, or CloudFormation doesn't answer.
pub(crate) async fn parameters(account: &Account, source: &Source) -> Result<Vec<Declared>, Failure> {
    let request = account.stacks.get_template_summary();
    let answer = request.set_template_body(source.body()).set_template_url(source.url()).send().await;
    let answer = answer.map_err(|error| {
        let invalid = error.as_service_error().is_some_and(|error| error.code() == Some("ValidationError"));
        let failure = Failure::of_request("CloudFormation", "read the template", &error);
        if invalid { Failure { remedy: "Mend the template.".to_owned(), ..failure } } else { failure }
    })?;
    let declared = answer.parameters().iter().filter_map(|parameter| {
        Some(Declared {
            name: parameter.parameter_key()?.to_owned(),
            default: parameter.default_value().map(str::to_owned),
        })
    });
    Ok(declared.collect())
}
