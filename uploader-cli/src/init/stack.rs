//! What the outputs of a CloudFormation stack say.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError;
use aws_sdk_cloudformation::types::{Stack, StackStatus};

use crate::config::Profile;
use crate::failure::{Failure, innermost};

/// Outputs without which there is no profile.
const REQUIRED: [&str; 3] = ["OriginalsBucket", "DerivedBucket", "BaseUrl"];

/// Reads the outputs of the stack `name`; from `endpoint`, if it isn't Amazon's.
///
/// # Errors
///
/// A [`Failure`] when there is no such stack, it isn't complete, or its outputs are not those of ours.
pub(super) async fn read(shared: &SdkConfig, endpoint: Option<&str>, name: &str) -> Result<Profile, Failure> {
    let mut config = aws_sdk_cloudformation::config::Builder::from(shared);
    config.set_endpoint_url(endpoint.map(str::to_owned).or_else(|| shared.endpoint_url().map(str::to_owned)));
    let region = shared.region().map(ToString::to_string).unwrap_or_default();

    let client = Client::from_conf(config.build());
    let answer = client.describe_stacks().stack_name(name).send().await;
    let answer = answer.map_err(|error| refused(&error, name, &region))?;
    let stack = answer.stacks().first().ok_or_else(|| no_such_stack(name, &region))?;
    check_status(stack, name)?;

    let outputs = outputs(stack);
    let profile = of_outputs(&outputs, name)?;
    Ok(Profile { region: profile.region.or(Some(region).filter(|region| !region.is_empty())), ..profile })
}

fn outputs(stack: &Stack) -> HashMap<&str, &str> {
    let pairs =
        stack.outputs().iter().filter_map(|output| Some((output.output_key()?, output.output_value()?)));
    pairs.filter(|(_, value)| !value.trim().is_empty()).collect()
}

fn of_outputs(outputs: &HashMap<&str, &str>, stack: &str) -> Result<Profile, Failure> {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !outputs.contains_key(name)).collect();
    if !missing.is_empty() {
        let mut there: Vec<&str> = outputs.keys().copied().collect();
        there.sort_unstable();
        let there = if there.is_empty() { "none at all".to_owned() } else { there.join(", ") };
        return Err(Failure::new(
            "outputs",
            format!("the stack '{stack}' lacks the outputs {}; it has {there}", missing.join(", ")),
            "Is it the thumbnailer's? Else give the places with --bucket, --derived-bucket and --base-url.",
        ));
    }
    let text = |name: &str| outputs.get(name).map(|value| (*value).to_owned());
    let accelerate = match outputs.get("TransferAcceleration") {
        None => None,
        Some(value) => Some(value.parse().map_err(|_| {
            Failure::new(
                "outputs",
                format!(
                    "the output TransferAcceleration of the stack '{stack}' is '{value}', not true or false"
                ),
                "Show this message to the operator.",
            )
        })?),
    };
    Ok(Profile {
        bucket: text("OriginalsBucket"),
        derived_bucket: text("DerivedBucket").map(|bucket| match outputs.get("DerivedPrefix") {
            Some(prefix) => format!("{bucket}/{prefix}"),
            None => bucket,
        }),
        base_url: text("BaseUrl"),
        region: text("Region"),
        accelerate,
        ..Profile::default()
    })
}

/// Refuses a stack that isn't there yet or no more. One whose update was rolled back is what it was before.
fn check_status(stack: &Stack, name: &str) -> Result<(), Failure> {
    use StackStatus as S;
    let Some(status) = stack.stack_status() else {
        return Ok(());
    };
    let why = stack.stack_status_reason().map(|why| format!(": {why}")).unwrap_or_default();
    let message = format!("the stack '{name}' is {}{why}", status.as_str());
    match status {
        S::CreateComplete
        | S::UpdateComplete
        | S::UpdateCompleteCleanupInProgress
        | S::UpdateRollbackComplete
        | S::UpdateRollbackCompleteCleanupInProgress
        | S::ImportComplete
        | S::ImportRollbackComplete => Ok(()),
        S::DeleteComplete | S::DeleteInProgress => {
            Err(Failure::new("stack", message, "Deploy it again, or name another one."))
        }
        status if status.as_str().ends_with("_IN_PROGRESS") => {
            Err(Failure::new("stack", message, "Wait until it is complete and run the command again."))
        }
        _ => {
            Err(Failure::new("stack", message, "Ask the operator to mend it: what it has made isn't whole."))
        }
    }
}

fn refused(error: &SdkError<DescribeStacksError>, name: &str, region: &str) -> Failure {
    let SdkError::ServiceError(context) = error else {
        return Failure::new(
            "connection",
            format!("CloudFormation in {region} could not be reached: {}", innermost(error)),
            "Check the network, and the region.",
        );
    };
    let code = context.err().code().unwrap_or("unknown");
    let said = context.err().message().unwrap_or("it gave no further words");
    let message = format!("CloudFormation in {region} answered {code} for the stack '{name}': {said}");
    match code {
        "ValidationError" if said.contains("does not exist") => no_such_stack(name, region),
        "AccessDenied" | "AccessDeniedException" => Failure::new(
            code,
            message,
            "Ask the operator for cloudformation:DescribeStacks, or for the values themselves: --bucket, \
             --derived-bucket and --base-url.",
        ),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Failure::new(code, message, "Sign in again, for example with `aws sso login`.")
        }
        "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" => {
            Failure::new(code, message, "Check the credentials, or choose others with --aws-profile.")
        }
        _ => Failure::new(code, message, "Run the command again; if that fails too, ask the operator."),
    }
}

fn no_such_stack(name: &str, region: &str) -> Failure {
    Failure::new(
        "no-stack",
        format!("there is no stack '{name}' in {region}"),
        "Check its name, give its region with --region, or its account with --aws-profile.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_make_a_profile() {
        let mut outputs = HashMap::from([
            ("OriginalsBucket", "o"),
            ("DerivedBucket", "d"),
            ("BaseUrl", "https://c"),
            ("Other", "x"),
        ]);
        let profile = of_outputs(&outputs, "s").unwrap();
        let expected = Profile {
            bucket: Some("o".into()),
            derived_bucket: Some("d".into()),
            base_url: Some("https://c".into()),
            ..Profile::default()
        };
        assert_eq!(profile, expected);
        outputs.extend([("Region", "eu-west-1"), ("TransferAcceleration", "false"), ("DerivedPrefix", "p/")]);
        let profile = of_outputs(&outputs, "s").unwrap();
        assert_eq!(profile.derived_bucket.as_deref(), Some("d/p/"));
        assert_eq!((profile.region.as_deref(), profile.accelerate), (Some("eu-west-1"), Some(false)));
        outputs.insert("TransferAcceleration", "Enabled");
        assert!(of_outputs(&outputs, "s").unwrap_err().message.contains("is 'Enabled'"));
    }

    #[test]
    fn missing_outputs_are_named() {
        let failure = of_outputs(&HashMap::from([("BaseUrl", "x"), ("A", "y")]), "s").unwrap_err();
        assert_eq!(
            failure.message,
            "the stack 's' lacks the outputs OriginalsBucket, DerivedBucket; it has A, BaseUrl"
        );
        assert!(of_outputs(&HashMap::new(), "s").unwrap_err().message.ends_with("none at all"));
    }

    #[test]
    fn a_stack_has_to_be_complete() {
        let status = |status: &str| {
            let stack = Stack::builder().stack_status(status.into()).stack_status_reason("because").build();
            check_status(&stack, "s").map_err(|failure| failure.to_string())
        };
        for usable in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"] {
            assert_eq!(status(usable), Ok(()));
        }
        assert!(status("CREATE_IN_PROGRESS").unwrap_err().contains("because. Wait until it is complete"));
        assert!(status("ROLLBACK_IN_PROGRESS").unwrap_err().contains("Wait"));
        assert!(status("ROLLBACK_COMPLETE").unwrap_err().contains("isn't whole"));
        assert!(status("DELETE_COMPLETE").unwrap_err().contains("Deploy it again"));
    }
}
