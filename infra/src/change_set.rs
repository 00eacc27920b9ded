//! CloudFormation's plan of a deployment: made, looked at, and executed or thrown away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    self, Capability, ChangeSetStatus, ChangeSetType, OnStackFailure, RollbackConfiguration, StackStatus, Tag,
};

use crate::account::Account;
use crate::change::Change;
use crate::console::Console;
use crate::events;
use crate::failure::Failure;
use crate::parameters::{Chosen, Parameters};
use crate::replacement;
use crate::stack::Stack;
use crate::template::Source;

/// Between two looks at a change set that is being made.
const PAUSE: Duration = Duration::from_millis(700);

/// What a change set is made from.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) stack: &'a str,
    /// What is there, unless it is to be made.
    pub(crate) existing: Option<&'a Stack>,
    pub(crate) template: Source,
    pub(crate) parameters: &'a Parameters,
    pub(crate) tags: Vec<Tag>,
    pub(crate) rollback: RollbackConfiguration,
}

/// A change set that can be executed, or that changes nothing.
#[derive(Debug)]
pub(crate) struct ChangeSet {
    id: String,
    /// The stack's ARN.
    pub(crate) stack_id: String,
    /// Whether there was no stack before, not even one under review.
    made_stack: bool,
    pub(crate) changes: Vec<Change>,
}

impl ChangeSet {
    /// Has CloudFormation make it, and waits.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation refuses; nothing of it is left then.
    pub(crate) async fn make(
        account: &Account,
        console: &Console,
        request: Request<'_>,
    ) -> Result<Self, Failure> {
        let updates = request.existing.is_some_and(|stack| stack.status != StackStatus::ReviewInProgress);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let made = account
            .stacks
            .create_change_set()
            .stack_name(request.stack)
            .change_set_name(format!("deploy-{}", now.as_millis()))
            .change_set_type(if updates { ChangeSetType::Update } else { ChangeSetType::Create })
            .set_template_body(request.template.body())
            .set_template_url(request.template.url())
            .set_parameters(Some(request.parameters.iter().map(parameter).collect()))
            .capabilities(Capability::CapabilityNamedIam)
            .rollback_configuration(request.rollback)
            // A creation that fails leaves nothing: a stack in ROLLBACK_COMPLETE is good for nothing.
            .set_on_stack_failure((!updates).then_some(OnStackFailure::Delete))
            .set_tags((!request.tags.is_empty()).then_some(request.tags));
        let made = made
            .send()
            .await
            .map_err(|error| Failure::of_request("CloudFormation", "make the change set", &error))?;
        let mut change_set = Self {
            id: made.id.unwrap_or_default(),
            stack_id: made.stack_id.unwrap_or_default(),
            made_stack: request.existing.is_none(),
            changes: Vec::new(),
        };
        let spinner = console.spinner("CloudFormation compares");
        let outcome = change_set.settle(account).await;
        spinner.finish_and_clear();
        match outcome {
            Ok(()) => Ok(change_set),
            Err(failure) => {
                change_set.discard(account).await?;
                Err(failure)
            }
        }
    }

    /// Waits until it is made, and reads what it would do.
    async fn settle(&mut self, account: &Account) -> Result<(), Failure> {
        let first = loop {
            let now = self.describe(account, None).await?;
            match now.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Some(ChangeSetStatus::Failed) => {
                    let reason = now.status_reason().unwrap_or("it gave no reason");
                    if is_empty(reason) {
                        return Ok(());
                    }
                    let mut said = reason.to_owned();
                    if events::refers_to_validation(reason) {
                        let found = events::of_validation(account, &self.stack_id, Some(&self.id)).await?;
                        let found = found.iter().map(|event| format!("{}: {}", event.part, event.reason));
                        said = found.collect::<Vec<_>>().join("; ");
                    }
                    return Err(Failure::new(
                        format!("CloudFormation could not make the change set: {said}"),
                        crate::failure::remedy("", &said),
                    ));
                }
                _ => break now,
            }
        };
        let mut page = first;
        loop {
            let changes = page.changes().iter().filter_map(|change| change.resource_change());
            self.changes.extend(changes.map(Change::from));
            let Some(token) = page.next_token.filter(|token| !token.is_empty()) else { break };
            page = self.describe(account, Some(token)).await?;
        }
        replacement::resolve(&mut self.changes);
        Ok(())
    }

    async fn describe(
        &self,
        account: &Account,
        page: Option<String>,
    ) -> Result<DescribeChangeSetOutput, Failure> {
        let request =
            account.stacks.describe_change_set().change_set_name(&self.id).stack_name(&self.stack_id);
        let answer = request.include_property_values(true).set_next_token(page).send().await;
        answer.map_err(|error| Failure::of_request("CloudFormation", "show the change set", &error))
    }

    /// Begins what it says. A bucket that a creation made and then failed isn't kept, whatever its policy.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation refuses.
    pub(crate) async fn execute(&self, account: &Account) -> Result<(), Failure> {
        let request =
            account.stacks.execute_change_set().change_set_name(&self.id).stack_name(&self.stack_id);
        let begun = request.retain_except_on_create(true).send().await;
        begun.map_err(|error| Failure::of_request("CloudFormation", "execute the change set", &error))?;
        Ok(())
    }

    /// Throws it away, with the stack if that is there only because of it.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation refuses.
    pub(crate) async fn discard(&self, account: &Account) -> Result<(), Failure> {
        let request = account.stacks.delete_change_set().change_set_name(&self.id).stack_name(&self.stack_id);
        let gone = request.send().await;
        gone.map_err(|error| Failure::of_request("CloudFormation", "delete the change set", &error))?;
        if !self.made_stack {
            return Ok(());
        }
        let stack = Stack::find(account, &self.stack_id).await?;
        if stack.is_none_or(|stack| stack.status != StackStatus::ReviewInProgress) {
            return Ok(());
        }
        let gone = account.stacks.delete_stack().stack_name(&self.stack_id).send().await;
        gone.map_err(|error| Failure::of_request("CloudFormation", "delete the stack under review", &error))?;
        Ok(())
    }
}

/// Whether a change set failed for having nothing to do.
fn is_empty(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// As CloudFormation is told: what the stack has is named rather than repeated.
fn parameter((name, chosen): (&str, &Chosen)) -> types::Parameter {
    let parameter = types::Parameter::builder().parameter_key(name);
    match chosen {
        Chosen::Previous(_) => parameter.use_previous_value(true).build(),
        Chosen::Given(value) | Chosen::Default(value) => parameter.parameter_value(value).build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn having_nothing_to_do_is_no_failure() {
        assert!(is_empty(
            "The submitted information didn't contain changes. Submit different information to create a change set."
        ));
        assert!(is_empty("No updates are to be performed."));
        assert!(!is_empty("Parameter 'MemorySize' must be a number"));
    }

    #[test]
    fn what_the_stack_has_is_named_and_not_repeated() {
        let previous = parameter(("MemorySize", &Chosen::Previous("2048".to_owned())));
        assert_eq!((previous.parameter_value(), previous.use_previous_value()), (None, Some(true)));
        let given = parameter(("Preset", &Chosen::Given(String::new())));
        assert_eq!((given.parameter_value(), given.use_previous_value()), (Some(""), None));
    }
}
