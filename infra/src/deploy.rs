//! `infra deploy`: a change set is made, shown, agreed to, executed and followed.

use aws_sdk_cloudformation::types::{StackStatus, Tag};
use cli_support::escape;
use serde_json::json;

use crate::account::Account;
use crate::change_set::{ChangeSet, Request};
use crate::cli::DeployArgs;
use crate::code_bucket::{self, CodeBucket, weight};
use crate::console::{Console, is_yes};
use crate::diff::{self, Parameter};
use crate::events::{self, Bookmark, Ending};
use crate::failure::Failure;
use crate::loan::Loan;
use crate::package::Package;
use crate::parameters::{Parameters, Values};
use crate::revision::revision;
use crate::stack::{Stack, Standing};
use crate::template::{self, Source};
use crate::{FAILED, INTERRUPTED, USAGE, WELL, alarms, risk};

/// What is to be deployed, to where.
struct Deployment {
    args: DeployArgs,
    console: Console,
    account: Account,
    package: Package,
    /// The template's text.
    template: String,
    /// What is there already.
    stack: Option<Stack>,
}

/// What a person, or a flag in their stead, made of a change set.
enum Answer {
    Agreed,
    Refused,
    /// Nobody could be asked.
    Nobody,
    DryRun,
    Interrupted,
}

/// Deploys what `args` name; the answer is the exit status.
///
/// # Errors
///
/// A [`Failure`], or when standard output takes no more.
pub(crate) async fn run(args: DeployArgs) -> anyhow::Result<u8> {
    let console = Console::new(args.reach.json);
    let package = Package::read(&args.zip)?;
    let template = template::read(&args.template)?;
    let account = Account::of(&args.reach).await?;
    let stack = Stack::find(&account, &args.stack).await?;
    let deployment = Deployment { args, console, account, package, template, stack };
    match deployment.stack.as_ref().map_or(Standing::New, Stack::standing) {
        Standing::Broken(failure) => Err(failure.into()),
        Standing::Busy => deployment.attach().await,
        Standing::New | Standing::Complete => deployment.propose().await,
    }
}

impl Deployment {
    /// The stack, if it is one that can be changed.
    fn existing(&self) -> Option<&Stack> {
        self.stack.as_ref().filter(|stack| stack.standing() == Standing::Complete)
    }

    fn previous(&self) -> Option<&Values> {
        self.existing().map(|stack| &stack.parameters)
    }

    /// What the change set would change, and whether that is agreed to.
    async fn propose(&self) -> anyhow::Result<u8> {
        let (account, console) = (&self.account, &self.console);
        let bucket = CodeBucket::new(account, self.code_bucket());
        let loan = Loan::lend(account, &bucket, &self.template).await?;
        let made = tokio::select! {
            made = self.make_change_set(&loan.source, &bucket.name) => Some(made),
            _ = tokio::signal::ctrl_c() => None,
        };
        loan.take_back(account, console).await?;
        let Some(made) = made else {
            cli_support::tell_lines("\ninterrupted: a change set may be left, which does nothing by itself");
            return Ok(INTERRUPTED);
        };
        let (change_set, parameters) = made?;
        if change_set.changes.is_empty() {
            change_set.discard(account).await?;
            console
                .say(format_args!("The stack {} is as it should be: nothing changes.", self.args.stack))?;
            console.object(&json!({ "unchanged": self.args.stack }))?;
            return self.tell_outputs(self.existing());
        }

        self.show(&change_set, &parameters)?;
        let answer = self.answer().await?;
        if !matches!(answer, Answer::Agreed) {
            change_set.discard(account).await?;
        }
        match answer {
            Answer::Agreed => self.execute(&change_set, &bucket).await,
            Answer::DryRun => {
                console
                    .say("\nThis was a dry run: the change set is deleted again, and nothing has changed.")?;
                Ok(WELL)
            }
            Answer::Refused => {
                console.say("The change set is deleted again, and nothing has changed.")?;
                Ok(FAILED)
            }
            Answer::Nobody => {
                cli_support::tell(
                    "error: nobody can be asked here; nothing has changed. Give --yes to execute such a change set, or \
                     --dry-run only to see it.",
                );
                Ok(USAGE)
            }
            Answer::Interrupted => {
                cli_support::tell_lines(
                    "\ninterrupted: the change set is deleted again, and nothing has changed",
                );
                Ok(INTERRUPTED)
            }
        }
    }

    /// Where the package goes: as told, as it was, or the account's own.
    fn code_bucket(&self) -> String {
        let of_stack = || self.previous()?.get("CodeBucket").cloned().filter(|name| !name.is_empty());
        let name = self.args.code_bucket.clone().or_else(of_stack);
        name.unwrap_or_else(|| code_bucket::default_name(&self.account))
    }

    /// What CloudFormation would do, and with which parameters.
    async fn make_change_set(
        &self,
        template: &Source,
        bucket: &str,
    ) -> anyhow::Result<(ChangeSet, Parameters)> {
        let parameters = self.parameters(template, bucket).await?;
        let request = Request {
            stack: &self.args.stack,
            existing: self.stack.as_ref(),
            template: template.clone(),
            parameters: &parameters,
            tags: tags(self.stack.as_ref(), &self.args.tags),
            rollback: self.rollback().await?,
        };
        let change_set = ChangeSet::make(&self.account, &self.console, request).await?;
        Ok((change_set, parameters))
    }

    /// Every parameter with its value, ours included.
    async fn parameters(&self, template: &Source, bucket: &str) -> Result<Parameters, Failure> {
        let declared = template::parameters(&self.account, template).await?;
        let mut parameters = Parameters::merge(&declared, &self.args.parameters, self.previous())?;
        if let Some(wanted) = parameters.value("Architecture").filter(|of| *of != self.package.architecture) {
            let built = self.package.architecture;
            return Err(Failure::usage(
                format!("the package is built for {built}, but Architecture is {wanted}"),
                format!("Package with --arch {wanted}, or give --param Architecture={built}."),
            ));
        }
        let revision = revision(&self.package.sha256, &self.template, &parameters);
        parameters.set_ours(&declared, "CodeBucket", bucket.to_owned());
        parameters.set_ours(&declared, "CodeKey", self.package.key());
        parameters.set_ours(&declared, "Revision", revision);
        Ok(parameters)
    }

    /// What takes the deployment back.
    async fn rollback(&self) -> anyhow::Result<aws_sdk_cloudformation::types::RollbackConfiguration> {
        let Some(minutes) = self.args.watch_minutes else { return Ok(alarms::configuration(&[], 0)) };
        let Some(stack) = self.existing() else {
            self.console.warning("a new stack has no alarms yet: --watch-minutes is for the next deployment");
            return Ok(alarms::configuration(&[], 0));
        };
        let resources = stack.resources(&self.account).await?;
        let alarms = alarms::telling(stack, &self.account.id, &resources);
        if alarms.is_empty() {
            self.console.warning("the stack has no alarms on errors or dead letters: nothing is watched");
            return Ok(alarms::configuration(&[], 0));
        }
        let names: Vec<&str> = alarms.iter().filter_map(|arn| arn.rsplit(':').next()).collect();
        self.console.say(format_args!(
            "These alarms roll the change back if they ring within {minutes} min after it: {}.\n",
            names.join(", ")
        ))?;
        Ok(alarms::configuration(&alarms, minutes))
    }

    fn show(&self, change_set: &ChangeSet, parameters: &Parameters) -> anyhow::Result<()> {
        let (console, paint) = (&self.console, self.console.paint);
        let name = &self.args.stack;
        let changed: Vec<Parameter> = parameters
            .changes(self.previous())
            .map(|(name, before, after)| Parameter {
                name: name.to_owned(),
                before: before.map(str::to_owned),
                after: after.to_owned(),
            })
            .collect();
        let risks = risk::risks(&change_set.changes);
        console.object(&json!({
            "change_set": {
                "stack": name,
                "region": self.account.region,
                "new": self.existing().is_none(),
                "parameters": changed,
                "changes": change_set.changes,
                "risks": risks,
            }
        }))?;
        let what = if self.existing().is_some() { "Change of the" } else { "New" };
        console.say(paint.bold(&format!("{what} stack {name} in {}\n", self.account.region)))?;
        if !changed.is_empty() {
            console.say(diff::parameters(&changed, paint))?;
        }
        console.say(diff::resources(&change_set.changes, paint))?;
        console.say(risk::lines(&risks, paint))?;
        if let Some(live) = parameters.value("LiveVersion").filter(|live| !live.is_empty()) {
            console.say(format!(
                "Version {live} stays live, whatever is published; --param LiveVersion= lets the newest be."
            ))?;
        }
        Ok(())
    }

    async fn answer(&self) -> anyhow::Result<Answer> {
        if self.args.dry_run {
            return Ok(Answer::DryRun);
        }
        if self.args.yes {
            return Ok(Answer::Agreed);
        }
        if !self.console.can_ask() {
            return Ok(Answer::Nobody);
        }
        tokio::select! {
            answer = self.console.ask("\nExecute? [y/N]") => {
                Ok(if is_yes(&answer?) { Answer::Agreed } else { Answer::Refused })
            }
            _ = tokio::signal::ctrl_c() => Ok(Answer::Interrupted),
        }
    }

    /// The package to its bucket, then the change set.
    async fn execute(&self, change_set: &ChangeSet, bucket: &CodeBucket<'_>) -> anyhow::Result<u8> {
        let (account, console) = (&self.account, &self.console);
        console.say("")?;
        let key = self.package.key();
        let held = tokio::select! {
            held = bucket.hold(console, &key, &self.package.bytes) => held,
            _ = tokio::signal::ctrl_c() => {
                change_set.discard(account).await?;
                cli_support::tell_lines("\ninterrupted: the change set is deleted again, and the stack has not changed");
                return Ok(INTERRUPTED);
            }
        };
        match held {
            Ok(true) => console.say(format_args!("Sent the package, {}.", weight(&self.package.bytes)))?,
            Ok(false) => console.say("The package is there already.")?,
            Err(failure) => {
                change_set.discard(account).await?;
                return Err(failure.into());
            }
        }
        let bookmark = Bookmark::now(account, &change_set.stack_id).await?;
        change_set.execute(account).await?;
        self.follow(bookmark, &change_set.stack_id).await
    }

    /// Somebody's deployment is under way: it is followed, and ours has to wait.
    async fn attach(&self) -> anyhow::Result<u8> {
        let Some(stack) = &self.stack else { return Ok(FAILED) };
        self.console.say(format_args!(
            "The stack {} is {}: this is followed to its end, and nothing else is done.",
            stack.name,
            stack.status.as_str()
        ))?;
        let bookmark = Bookmark::at_last_beginning(&self.account, &stack.id).await?;
        let status = self.follow(bookmark, &stack.id).await?;
        self.console.say("Run the command again to deploy what has changed since.")?;
        Ok(status)
    }

    async fn follow(&self, bookmark: Bookmark, stack_id: &str) -> anyhow::Result<u8> {
        let doing = format!("deploying {}", self.args.stack);
        let ending = tokio::select! {
            ending = bookmark.follow(&self.account, &self.console, stack_id, &doing) => ending?,
            _ = tokio::signal::ctrl_c() => {
                cli_support::tell_lines(format_args!(
                    "\n{}",
                    goes_on(&self.args.stack, &self.args.reach.again(), self.existing().is_some())
                ));
                return Ok(INTERRUPTED);
            }
        };
        self.conclude(self.explained(ending, stack_id).await?)
    }

    /// With what CloudFormation found before it began, if that is why it failed.
    async fn explained(&self, ending: Ending, stack_id: &str) -> anyhow::Result<Ending> {
        let checked =
            ending.failure.as_ref().is_some_and(|event| events::refers_to_validation(&event.reason));
        if !checked {
            return Ok(ending);
        }
        let found = events::of_validation(&self.account, stack_id, None).await?;
        for event in &found {
            self.console.say(format_args!(
                "{} ({}): {}",
                escape(&event.part),
                escape(&event.resource_type),
                escape(&event.reason)
            ))?;
        }
        Ok(Ending { failure: found.into_iter().next().or(ending.failure), ..ending })
    }

    /// What came of it.
    fn conclude(&self, ending: Ending) -> anyhow::Result<u8> {
        let status = ending.stack.as_ref().map_or(&StackStatus::DeleteComplete, |stack| &stack.status);
        if matches!(status, StackStatus::CreateComplete | StackStatus::UpdateComplete) {
            return self.tell_outputs(ending.stack.as_ref());
        }
        let after = match status {
            StackStatus::DeleteComplete => "What had been made is deleted again.".to_owned(),
            StackStatus::UpdateRollbackComplete => "The stack is as it was before.".to_owned(),
            other => format!("The stack is {}.", other.as_str()),
        };
        let (message, said) = match &ending.failure {
            Some(event) => (
                format!("{} ({}) failed: {}", event.part, event.resource_type, event.reason),
                event.reason.as_str(),
            ),
            None => (format!("the stack {} is {}", self.args.stack, status.as_str()), ""),
        };
        self.console.object(&json!({ "failed": { "status": status.as_str(), "event": ending.failure } }))?;
        Err(Failure::new(message, format!("{after} {}", crate::failure::remedy("", said))).into())
    }

    fn tell_outputs(&self, stack: Option<&Stack>) -> anyhow::Result<u8> {
        let Some(stack) = stack else { return Ok(WELL) };
        let width = stack.outputs.keys().map(String::len).max().unwrap_or_default();
        self.console.object(&json!({ "outputs": stack.outputs }))?;
        self.console.say(self.console.paint.bold("\nOutputs"))?;
        for (name, value) in &stack.outputs {
            self.console.say(format_args!("  {name:width$}  {}", escape(value)))?;
        }
        let again = self.args.reach.again();
        self.console.say(format_args!("\nNext: uploader init --stack {}{again}", stack.name))?;
        Ok(WELL)
    }
}

/// The stack's tags with those that were given; none, if none were given, lets them be.
fn tags(stack: Option<&Stack>, given: &[(String, String)]) -> Vec<Tag> {
    if given.is_empty() {
        return Vec::new();
    }
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let kept = stack.map(|stack| stack.tags.as_slice()).unwrap_or_default().iter();
    let kept = kept.filter(|tag| given.iter().all(|(key, _)| tag.key() != Some(key.as_str()))).cloned();
    kept.chain(given.iter().map(|(key, value)| tag(key, value))).collect()
}

/// What is said to somebody who stops looking on.
fn goes_on(stack: &str, again: &str, updates: bool) -> String {
    let cancel = if updates {
        format!("aws cloudformation cancel-update-stack --stack-name {stack}{again}")
    } else {
        format!("cargo xtask destroy --stack {stack}{again}")
    };
    format!(
        "CloudFormation goes on by itself. To look on again: cargo xtask deploy --stack {stack}{again}. To stop it: {cancel}."
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types;

    use super::*;

    #[test]
    fn given_tags_come_beside_the_stack_s_and_before_its_own_of_the_name() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let stack = Stack::from(
            types::Stack::builder().stack_name("s").tags(tag("a", "1")).tags(tag("b", "2")).build(),
        );
        let given = [("b".to_owned(), "3".to_owned())];
        assert_eq!(tags(Some(&stack), &given), [tag("a", "1"), tag("b", "3")]);
        assert_eq!(tags(Some(&stack), &[]), []);
        assert_eq!(tags(None, &given), [tag("b", "3")]);
    }

    #[test]
    fn who_stops_looking_on_is_told_how_to_go_on() {
        let text = goes_on("blog", " --region r", true);
        assert!(
            text.contains("deploy --stack blog --region r. To stop it: aws cloudformation cancel"),
            "{text}"
        );
        assert!(goes_on("blog", "", false).ends_with("cargo xtask destroy --stack blog."));
    }
}
