//! What a change set would do, as a person reads it.

use std::fmt::Write;

use aws_sdk_cloudformation::types::{
    ChangeAction, ChangeSource, EvaluationType, PolicyAction, Replacement, RequiresRecreation,
    ResourceAttribute, ResourceChange, ResourceChangeDetail,
};
use serde::Serialize;

use crate::console::Paint;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

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
    /// What makes it change: `parameter MemorySize`, `Version.Version`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) because: Vec<String>,
    /// Whether it cannot change without a replacement.
    pub(crate) replaces: bool,
}

/// A parameter whose value changes; `before` is `None` where it had none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: String,
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
        if let Some(because) = because(detail).filter(|because| !property.because.contains(because)) {
            property.because.push(because);
        }
    }
    properties
}

fn because(detail: &ResourceChangeDetail) -> Option<String> {
    let cause = detail.causing_entity().filter(|cause| !cause.is_empty())?;
    let cause = match detail.change_source() {
        Some(ChangeSource::ParameterReference) => format!("parameter {cause}"),
        _ => cause.to_owned(),
    };
    // Whether it really changes is seen when its cause has.
    let unsure = detail.evaluation() == Some(&EvaluationType::Dynamic);
    Some(if unsure { format!("if {cause} changes") } else { cause })
}

/// The parameters that change, aligned.
pub(crate) fn parameters(changes: &[Parameter], paint: Paint) -> String {
    let width = changes.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
    let mut text = String::from("Parameters\n");
    for Parameter { name, before, after } in changes {
        let before = before.as_ref().map(|before| format!("{} → ", paint.dim(&value(before))));
        let _ = writeln!(text, "  {name:width$}  {}{}", before.unwrap_or_default(), value(after));
    }
    text
}

/// The parts that change, the gravest last, and how many of each kind there are.
pub(crate) fn resources(changes: &[Change], paint: Paint) -> String {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by(|a, b| (a.kind, &a.part).cmp(&(b.kind, &b.part)));
    let width = changes.iter().map(|change| change.part.len()).max().unwrap_or_default();
    let mut text = String::from("Changes\n");
    for change in sorted {
        let line = format!("{:width$}  {}", change.part, change.resource_type);
        let line = match (change.kind, change.retained) {
            (Kind::Add, _) => paint.green(&format!("+ {line}")),
            (Kind::Change, _) => format!("~ {line}"),
            (Kind::MayReplace, _) => paint.yellow(&format!("! {line}  may be replaced")),
            (Kind::Replace, false) => paint.red(&format!("! {line}  replaced")),
            (Kind::Replace, true) => paint.yellow(&format!("! {line}  replaced; the old one stays")),
            (Kind::Remove, false) => paint.red(&format!("- {line}")),
            (Kind::Remove, true) => paint.yellow(&format!("- {line}  leaves the stack and stays")),
        };
        let _ = writeln!(text, "  {line}");
        for property in &change.properties {
            let _ = writeln!(text, "      {}", property_line(property, paint));
        }
    }
    let count = |kinds: &[Kind]| changes.iter().filter(|change| kinds.contains(&change.kind)).count();
    let _ = write!(
        text,
        "\n{} to add, {} to change, {} to replace, {} to remove.",
        count(&[Kind::Add]),
        count(&[Kind::Change]),
        count(&[Kind::MayReplace, Kind::Replace]),
        count(&[Kind::Remove])
    );
    text
}

fn property_line(property: &Property, paint: Paint) -> String {
    let mut line = property.name.clone();
    match (&property.before, &property.after) {
        (None, None) => {}
        (before, after) => {
            let shown = |side: &Option<String>| side.as_deref().map_or_else(|| "nothing".to_owned(), value);
            let _ = write!(line, ": {} → {}", paint.dim(&shown(before)), shown(after));
        }
    }
    let mut notes = property.because.clone();
    if property.replaces {
        notes.push("cannot change in place".to_owned());
    }
    if !notes.is_empty() {
        let _ = write!(line, "{}", paint.dim(&format!("  ({})", notes.join("; "))));
    }
    line
}

/// A value on one line, cut off where it is long.
pub(crate) fn value(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let line = text.trim_end().replace('\r', "").replace('\n', "⏎");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceTargetDefinition;

    use super::*;

    const PLAIN: Paint = Paint(false);

    fn detail(
        name: &str,
        values: Option<(&str, &str)>,
        cause: Option<(&str, ChangeSource)>,
    ) -> ResourceChangeDetail {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Properties)
            .name(name.split('/').next().unwrap())
            .set_path(values.map(|_| format!("/Properties/{name}")))
            .set_before_value(values.map(|(before, _)| before.to_owned()))
            .set_after_value(values.map(|(_, after)| after.to_owned()))
            .requires_recreation(RequiresRecreation::Never);
        ResourceChangeDetail::builder()
            .target(target.build())
            .evaluation(EvaluationType::Static)
            .set_change_source(cause.as_ref().map(|(_, source)| source.clone()))
            .set_causing_entity(cause.map(|(entity, _)| entity.to_owned()))
            .build()
    }

    fn modified(details: Vec<ResourceChangeDetail>, replacement: Replacement) -> Change {
        let change = ResourceChange::builder()
            .action(ChangeAction::Modify)
            .replacement(replacement)
            .logical_resource_id("Function")
            .physical_resource_id("blog-Function")
            .resource_type("AWS::Lambda::Function")
            .set_details(Some(details))
            .build();
        Change::from(&change)
    }

    fn simple(kind: Kind, part: &str, resource_type: &str, retained: bool) -> Change {
        Change {
            kind,
            part: part.to_owned(),
            resource_type: resource_type.to_owned(),
            name: None,
            retained,
            properties: Vec::new(),
        }
    }

    #[test]
    fn what_is_told_twice_of_a_property_is_one_line() {
        let values = Some(("2048", "3008"));
        let change = modified(
            vec![
                detail("MemorySize", values, None),
                detail("MemorySize", values, Some(("MemorySize", ChangeSource::ParameterReference))),
                detail("Environment/Variables/PRESET", Some(("", "widths = [1]\n")), None),
            ],
            Replacement::False,
        );
        let text = resources(&[change], PLAIN);
        assert_eq!(
            text,
            "Changes\n  ~ Function  AWS::Lambda::Function\n      \
             MemorySize: 2048 → 3008  (parameter MemorySize)\n      \
             Environment.Variables.PRESET: '' → widths = [1]\n\n\
             0 to add, 1 to change, 0 to replace, 0 to remove."
        );
    }

    #[test]
    fn without_values_the_cause_is_left() {
        let change = modified(
            vec![
                detail("Description", None, None),
                detail("Description", None, Some(("Revision", ChangeSource::ParameterReference))),
                detail("FunctionName", None, Some(("Function", ChangeSource::ResourceReference))),
            ],
            Replacement::Conditional,
        );
        assert_eq!(change.kind, Kind::MayReplace);
        let text = resources(&[change], PLAIN);
        assert!(text.contains("! Function  AWS::Lambda::Function  may be replaced\n"), "{text}");
        assert!(text.contains("\n      Description  (parameter Revision)\n"), "{text}");
        assert!(text.contains("\n      FunctionName  (Function)\n"), "{text}");
    }

    #[test]
    fn the_gravest_comes_last() {
        let changes = [
            simple(Kind::Remove, "Queue", "AWS::SQS::Queue", false),
            simple(Kind::Remove, "Derived", "AWS::S3::Bucket", true),
            simple(Kind::Replace, "Version", "AWS::Lambda::Version", true),
            simple(Kind::Add, "Rule", "AWS::Events::Rule", false),
        ];
        let lines: Vec<String> = resources(&changes, PLAIN).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "Changes",
                "  + Rule     AWS::Events::Rule",
                "  ! Version  AWS::Lambda::Version  replaced; the old one stays",
                "  - Derived  AWS::S3::Bucket  leaves the stack and stays",
                "  - Queue    AWS::SQS::Queue",
                "",
                "1 to add, 0 to change, 1 to replace, 2 to remove.",
            ]
        );
    }

    #[test]
    fn parameters_are_aligned_with_old_and_new_values() {
        let one = |name: &str, before: Option<&str>, after: &str| Parameter {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.to_owned(),
        };
        let text = parameters(&[one("MemorySize", Some("2048"), "3008"), one("Preset", None, "")], PLAIN);
        assert_eq!(text, "Parameters\n  MemorySize  2048 → 3008\n  Preset      ''\n");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = value(&"ü".repeat(100));
        assert_eq!(long.chars().count(), SHOWN);
        assert!(long.ends_with("ü…"));
        assert_eq!(value("a\r\nb\n"), "a⏎b");
    }
}
