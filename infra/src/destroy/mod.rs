//! `infra destroy`: the stack first, then what it leaves: its buckets, with all that is in them.
//!
//! The stack goes first, since emptying a bucket that is still watched would have the function record every removal.
//! Whatever breaks it off, the same command goes on: of a stack that is gone already, CloudFormation still knows the
//! parts for 90 days.

mod bucket;
mod code;

use aws_sdk_cloudformation::types::StackStatus;
use serde_json::json;

use crate::account::Account;
use crate::cli::DestroyArgs;
use crate::console::Console;
use crate::events::{Bookmark, Ending};
use crate::failure::Failure;
use crate::stack::Stack;
use crate::{FAILED, INTERRUPTED, USAGE, WELL, empty};

use bucket::Bucket;
use code::Code;

/// All that is to go.
struct Doomed {
    /// `None` for one that is gone already.
    stack: Option<Stack>,
    buckets: Vec<Bucket>,
    code: Code,
}

/// Takes down what `args` name; the answer is the exit status.
///
/// # Errors
///
/// A [`Failure`], or when standard output takes no more.
pub(crate) async fn run(args: DestroyArgs) -> anyhow::Result<u8> {
    let console = Console::new(args.reach.json);
    if !args.yes && !console.can_ask() {
        let usage = "nobody can be asked here; give --yes to delete without being asked";
        cli_support::tell(format_args!("error: {usage}"));
        return Ok(USAGE);
    }
    let account = Account::of(&args.reach).await?;
    let Some(doomed) = find(&account, &console, &args).await? else {
        return Err(Failure::new(
            format!(
                "there is no stack '{}' in {}, and was none in the last 90 days",
                args.stack, account.region
            ),
            "Check its name, and the region (--region).",
        )
        .into());
    };
    if doomed.is_nothing() {
        console.say(format_args!("The stack {} is gone, and nothing of it is left.", args.stack))?;
        return Ok(WELL);
    }
    doomed.show(&args, &account, &console)?;
    if !args.yes {
        let question = format!("\nThis cannot be undone. Type the stack's name, {}, to go on:", args.stack);
        let answer = tokio::select! {
            answer = console.ask(&question) => answer?,
            _ = tokio::signal::ctrl_c() => String::new(),
        };
        if answer != args.stack {
            console.say("Nothing was deleted.")?;
            return Ok(FAILED);
        }
    }
    tokio::select! {
        status = doomed.delete(&args, &account, &console) => status,
        _ = tokio::signal::ctrl_c() => {
            cli_support::tell_lines(format_args!(
                "\ninterrupted; a stack that is being deleted continues by itself. The same command deletes the rest: \
                 cargo xtask destroy --stack {}{}",
                args.stack,
                args.reach.again()
            ));
            Ok(INTERRUPTED)
        }
    }
}

/// What there is of the stack, or of the last ones of that name that are deleted; `None` if there never was one.
async fn find(account: &Account, console: &Console, args: &DestroyArgs) -> Result<Option<Doomed>, Failure> {
    let spinner = console.spinner("looking at what there is");
    let found = async {
        if let Some(stack) = Stack::find(account, &args.stack).await? {
            let buckets = if args.keep_buckets { Vec::new() } else { bucket::of(account, &stack).await? };
            let code = code::of(account, &stack, args.keep_code).await?;
            return Ok(Some(Doomed { stack: Some(stack), buckets, code }));
        }
        let deleted = deleted(account, &args.stack).await?;
        let mut nothing = None;
        for id in deleted {
            let Some(stack) = Stack::find(account, &id).await? else { continue };
            let buckets = if args.keep_buckets { Vec::new() } else { bucket::of(account, &stack).await? };
            let code = code::of(account, &stack, args.keep_code).await?;
            let doomed = Doomed { stack: None, buckets, code };
            if !doomed.is_nothing() {
                return Ok(Some(doomed));
            }
            nothing = Some(doomed);
        }
        Ok(nothing)
    };
    let found = found.await;
    spinner.finish_and_clear();
    found
}

/// The ids of the stacks of that name that are deleted, the last one first.
async fn deleted(account: &Account, name: &str) -> Result<Vec<String>, Failure> {
    let request = account.stacks.list_stacks().stack_status_filter(StackStatus::DeleteComplete);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page
            .map_err(|error| Failure::of_request("CloudFormation", "list stacks that are deleted", &error))?;
        let of_name = page.stack_summaries.unwrap_or_default().into_iter();
        found.extend(of_name.filter(|stack| stack.stack_name() == Some(name)));
    }
    found.sort_by_key(|stack| std::cmp::Reverse(stack.deletion_time().map(|at| at.secs())));
    Ok(found.into_iter().filter_map(|stack| stack.stack_id).collect())
}

impl Doomed {
    fn is_nothing(&self) -> bool {
        self.stack.is_none() && self.buckets.is_empty() && self.code.bucket.is_none()
    }

    fn show(&self, args: &DestroyArgs, account: &Account, console: &Console) -> anyhow::Result<()> {
        let paint = console.paint;
        console.object(&json!({
            "deletes": {
                "stack": self.stack.as_ref().map(|stack| &stack.id),
                "buckets": self.buckets,
                "code": self.code.bucket,
            }
        }))?;
        if let Some(stack) = &self.stack {
            console.say(paint.bold(&format!("To be deleted in {}", account.region)))?;
            console.say(format_args!("  stack   {} ({})", stack.name, stack.status.as_str()))?;
        } else {
            console.say(paint.bold(&format!(
                "The stack {} is gone already. To be deleted in {}, of what it left",
                args.stack, account.region
            )))?;
        }
        for bucket in self.buckets.iter().chain(&self.code.bucket) {
            console.say(paint.red(&format!("  bucket  {bucket}")))?;
        }
        if args.keep_buckets {
            console.say("The buckets that it made stay, with all that is in them.")?;
        }
        if let Some(why) = &self.code.stays {
            console.say(why)?;
        }
        Ok(())
    }

    async fn delete(&self, args: &DestroyArgs, account: &Account, console: &Console) -> anyhow::Result<u8> {
        console.say("")?;
        if let Some(stack) = &self.stack {
            delete_stack(account, console, stack).await?;
        }
        for bucket in self.buckets.iter().chain(&self.code.bucket) {
            let removed = empty::delete(account, console, &bucket.name).await?;
            console.object(&json!({ "deleted": { "bucket": bucket.name, "versions": removed } }))?;
            let removed = bucket::counted(usize::try_from(removed).unwrap_or(usize::MAX), "version");
            console.say(format_args!("Deleted the bucket {}, {removed} in all.", bucket.name))?;
        }
        console.say(format_args!("\nThe stack {} is taken down.", args.stack))?;
        Ok(WELL)
    }
}

async fn delete_stack(account: &Account, console: &Console, stack: &Stack) -> anyhow::Result<()> {
    let bookmark = if stack.status == StackStatus::DeleteInProgress {
        Bookmark::at_last_beginning(account, &stack.id).await?
    } else {
        let bookmark = Bookmark::now(account, &stack.id).await?;
        let begun = account.stacks.delete_stack().stack_name(&stack.id).send().await;
        begun.map_err(|error| Failure::of_request("CloudFormation", "delete the stack", &error))?;
        bookmark
    };
    let Ending { stack: left, failure } =
        bookmark.follow(account, console, &stack.id, &format!("deleting {}", stack.name)).await?;
    let Some(left) = left.filter(|left| left.status != StackStatus::DeleteComplete) else { return Ok(()) };
    let (message, said) = match &failure {
        Some(event) => (
            format!("{} ({}) failed: {}", event.part, event.resource_type, event.reason),
            event.reason.as_str(),
        ),
        None => (format!("the stack {} is {}", left.name, left.status.as_str()), ""),
    };
    Err(Failure::new(message, format!("No bucket was touched. {}", crate::failure::remedy("", said))).into())
}
