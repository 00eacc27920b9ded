//! The bucket of the packages: it goes with the last stack that needs it, if a deployment made it.

use crate::account::Account;
use crate::code_bucket;
use crate::failure::Failure;
use crate::stack::Stack;

use super::bucket::Bucket;

/// What becomes of the code bucket.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// To be deleted.
    pub(super) bucket: Option<Bucket>,
    /// Why it isn't, if anybody should know.
    pub(super) stays: Option<String>,
}

/// What becomes of the code bucket of `stack`.
pub(super) async fn of(account: &Account, stack: &Stack, keep: bool) -> Result<Code, Failure> {
    let Some(name) = stack.parameters.get("CodeBucket").filter(|name| !name.is_empty()) else {
        return Ok(Code::default());
    };
    let stays = |why: &str| Code { bucket: None, stays: Some(format!("The bucket {name} stays: {why}.")) };
    if keep {
        return Ok(stays("it is to be kept"));
    }
    if *name != code_bucket::default_name(account) {
        return Ok(stays("no deployment made it"));
    }
    let others = users(account, name, &stack.id).await?;
    if !others.is_empty() {
        return Ok(stays(&format!("the code of {} lies in it, too", others.join(", "))));
    }
    Ok(Code { bucket: Bucket::find(account, name).await?, stays: None })
}

/// The names of the stacks, other than that with the id `but`, whose code lies in `bucket`.
async fn users(account: &Account, bucket: &str, but: &str) -> Result<Vec<String>, Failure> {
    let mut pages = account.stacks.describe_stacks().into_paginator().send();
    let mut users = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of_request("CloudFormation", "list the stacks", &error))?;
        let stacks = page.stacks.unwrap_or_default().into_iter().map(Stack::from);
        let using = stacks.filter(|stack| {
            stack.id != but && stack.parameters.get("CodeBucket").is_some_and(|name| name == bucket)
        });
        users.extend(using.map(|stack| stack.name));
    }
    Ok(users)
}
