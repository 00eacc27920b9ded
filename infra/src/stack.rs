//! A stack as it is.

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{self, StackResourceSummary, StackStatus, Tag};

use crate::account::Account;
use crate::failure::Failure;
use crate::parameters::Values;

/// What a deployment can do with a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is yet to be made.
    New,
    /// It is complete and can be changed.
    Complete,
    /// Something is done to it right now.
    Busy,
    /// It can't be deployed to as it is.
    Broken(Failure),
}

/// A stack, at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) name: String,
    /// Its ARN, by which it is known even once it is deleted.
    pub(crate) id: String,
    pub(crate) status: StackStatus,
    pub(crate) reason: Option<String>,
    pub(crate) parameters: Values,
    pub(crate) outputs: Values,
    pub(crate) tags: Vec<Tag>,
}

impl Stack {
    /// The stack of that name, or with that id.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation doesn't answer; a stack that isn't there is `None`.
    pub(crate) async fn find(account: &Account, name: &str) -> Result<Option<Self>, Failure> {
        let answer = account.stacks.describe_stacks().stack_name(name).send().await;
        match answer {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next().map(Self::from)),
            Err(error) => {
                let missing = error.as_service_error().is_some_and(|error| {
                    error.code() == Some("ValidationError")
                        && error.message().is_some_and(|said| said.contains("does not exist"))
                });
                if missing {
                    return Ok(None);
                }
                Err(Failure::of_request("CloudFormation", &format!("describe the stack '{name}'"), &error))
            }
        }
    }

    /// What it is made of; of a deleted one, what there was.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation doesn't answer.
    pub(crate) async fn resources(&self, account: &Account) -> Result<Vec<StackResourceSummary>, Failure> {
        let mut pages = account.stacks.list_stack_resources().stack_name(&self.id).into_paginator().send();
        let mut resources = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|error| Failure::of_request("CloudFormation", "list the stack's parts", &error))?;
            resources.extend(page.stack_resource_summaries.unwrap_or_default());
        }
        Ok(resources)
    }

    /// What can be done with it.
    pub(crate) fn standing(&self) -> Standing {
        use StackStatus as S;
        let name = &self.name;
        match &self.status {
            S::ReviewInProgress => Standing::New,
            S::CreateComplete
            | S::UpdateComplete
            | S::UpdateRollbackComplete
            | S::ImportComplete
            | S::ImportRollbackComplete => Standing::Complete,
            status if status.as_str().ends_with("_IN_PROGRESS") => Standing::Busy,
            S::UpdateRollbackFailed => Standing::Broken(self.broken(format!(
                "Mend what keeps it from going back and run `aws cloudformation continue-update-rollback --stack-name {name}`."
            ))),
            // Of a creation that failed nothing works, and nothing can be changed.
            _ => Standing::Broken(
                self.broken(format!("Take it down first: `cargo xtask destroy --stack {name}`.")),
            ),
        }
    }

    fn broken(&self, remedy: String) -> Failure {
        let why = self
            .reason
            .as_ref()
            .map(|reason| format!(" ({})", cli_support::escape(reason)))
            .unwrap_or_default();
        Failure::new(format!("the stack '{}' is {}{why}", self.name, self.status.as_str()), remedy)
    }
}

impl From<types::Stack> for Stack {
    fn from(stack: types::Stack) -> Self {
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        Self {
            name: stack.stack_name.unwrap_or_default(),
            id: stack.stack_id.unwrap_or_default(),
            status: stack.stack_status.unwrap_or_else(|| "unknown".into()),
            reason: stack.stack_status_reason.filter(|reason| !reason.is_empty()),
            parameters: parameters
                .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?)))
                .collect(),
            outputs: outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect(),
            tags: stack.tags.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(status: &str) -> Standing {
        let stack = types::Stack::builder().stack_name("blog").stack_status(status.into()).build();
        Stack::from(stack).standing()
    }

    #[test]
    fn what_can_be_done_follows_from_the_status() {
        assert_eq!(standing("REVIEW_IN_PROGRESS"), Standing::New);
        for complete in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"] {
            assert_eq!(standing(complete), Standing::Complete);
        }
        for busy in ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"] {
            assert_eq!(standing(busy), Standing::Busy);
        }
        for (broken, remedy) in [
            ("ROLLBACK_COMPLETE", "cargo xtask destroy --stack blog"),
            ("DELETE_FAILED", "cargo xtask destroy --stack blog"),
            ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name blog"),
        ] {
            let Standing::Broken(failure) = standing(broken) else { panic!("{broken}") };
            assert!(failure.message.contains(broken) && failure.remedy.contains(remedy), "{failure}");
        }
    }
}
