//! What happens to a part of the stack, as CloudFormation tells of it.

use std::fmt;

use aws_sdk_cloudformation::types::{
    ChangeAction, ChangeSource, EvaluationType, PolicyAction, Replacement, RequiresRecreation,
    ResourceAttribute, ResourceChange, ResourceChangeDetail,
};
use serde::Serialize;

/// What happens to a part of the stack, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Add,
    Change,
    MayReplace,
    Replace,
    Remove,
}

/// One part of the stack, and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    /// Its name in the template.
    pub(crate) part: String,
    /// Such as `AWS::SQS::Queue`.
    pub(crate) resource_type: String,
    /// Its name in the account, if it is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Whether what is there now stays, though the stack lets go of it.
    pub(crate) retained: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
}

/// A property that changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Property {
    /// `Environment.Variables.PRESET`; where CloudFormation gives no path, the first word only.
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) because: Vec<Cause>,
    /// Whether it changes for certain, and not only if something else does.
    pub(crate) sure: bool,
    /// Whether it cannot change without a replacement.
    pub(crate) replaces: bool,
}

/// What makes a property change, and whether it does so for certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// A parameter's value.
    Parameter { name: String, sure: bool },
    /// What another part is called.
    Part { part: String, sure: bool },
    /// Something else that another part is asked for.
    Attribute { part: String, attribute: String, sure: bool },
}

impl Cause {
    pub(crate) fn is_sure(&self) -> bool {
        match self {
            Self::Parameter { sure, .. } | Self::Part { sure, .. } | Self::Attribute { sure, .. } => *sure,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsure = |sure: &bool| if *sure { "" } else { "if it changes: " };
        match self {
            Self::Parameter { name, .. } => write!(f, "parameter {name}"),
            Self::Part { part, sure } => write!(f, "{}{part}", unsure(sure)),
            Self::Attribute { part, attribute, sure } => write!(f, "{}{part}.{attribute}", unsure(sure)),
        }
    }
}

impl Change {
    /// Whether anything happens for certain.
    pub(crate) fn is_sure(&self) -> bool {
        self.kind != Kind::Change || self.properties.iter().any(|property| property.sure)
    }
}

impl From<&ResourceChange> for Change {
    fn from(change: &ResourceChange) -> Self {
        let kind = match (change.action(), change.replacement()) {
            (Some(ChangeAction::Add | ChangeAction::Import), _) => Kind::Add,
            (Some(ChangeAction::Remove), _) => Kind::Remove,
            (_, Some(Replacement::True)) => Kind::Replace,
            (_, Some(Replacement::Conditional)) => Kind::MayReplace,
            _ => Kind::Change,
        };
        let retained =
            matches!(change.policy_action(), Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain));
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            kind,
            part: text(change.logical_resource_id()),
            resource_type: text(change.resource_type()),
            name: change.physical_resource_id().filter(|name| !name.is_empty()).map(str::to_owned),
            retained,
            properties: properties(change.details()),
        }
    }
}

/// CloudFormation tells of a property more than once, for each thing that makes it change: here it is one.
fn properties(details: &[ResourceChangeDetail]) -> Vec<Property> {
    let mut properties: Vec<Property> = Vec::new();
    for detail in details {
        let Some(target) = detail.target() else { continue };
        let path = target.path().map(|path| path.trim_start_matches("/Properties/").replace('/', "."));
        let attribute = target.attribute().filter(|attribute| **attribute != ResourceAttribute::Properties);
        let name = path.filter(|path| !path.is_empty()).or_else(|| target.name().map(str::to_owned));
        let name = name.or_else(|| attribute.map(|attribute| attribute.as_str().to_owned()));
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };

        let at = properties.iter().position(|property| property.name == name).unwrap_or_else(|| {
            properties.push(Property { name, ..Property::default() });
            properties.len() - 1
        });
        let property = &mut properties[at];
        property.before = property.before.take().or_else(|| target.before_value().map(str::to_owned));
        property.after = property.after.take().or_else(|| target.after_value().map(str::to_owned));
        property.replaces |= matches!(target.requires_recreation(), Some(RequiresRecreation::Always));
        let cause = cause(detail);
        property.sure |= match &cause {
            Some(cause) => cause.is_sure(),
            None => detail.evaluation() != Some(&EvaluationType::Dynamic),
        };
        property.because.extend(cause.filter(|cause| !property.because.contains(cause)));
    }
    for property in &mut properties {
        // Of what nothing but the template is the cause, there is nothing to wait for.
        property.sure |= property.because.is_empty();
    }
    properties
}

fn cause(detail: &ResourceChangeDetail) -> Option<Cause> {
    let cause = detail.causing_entity().filter(|cause| !cause.is_empty())?;
    let sure = detail.evaluation() != Some(&EvaluationType::Dynamic);
    Some(match (detail.change_source(), cause.split_once('.')) {
        (Some(ChangeSource::ParameterReference), _) => Cause::Parameter { name: cause.to_owned(), sure },
        (_, Some((part, attribute))) => {
            Cause::Attribute { part: part.to_owned(), attribute: attribute.to_owned(), sure }
        }
        (_, None) => Cause::Part { part: cause.to_owned(), sure },
    })
}
