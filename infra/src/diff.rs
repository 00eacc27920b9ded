//! What a change set would do, as a person reads it.

use std::fmt::Write;

use serde::Serialize;

use crate::change::{Change, Kind, Property};
use crate::console::Paint;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// Of a list of names, on one line.
const COLUMNS: usize = 72;

/// Being replaced is what it is for: those before stay with their function.
const VERSION: &str = "AWS::Lambda::Version";

/// A parameter whose value changes; `before` is `None` where it had none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: String,
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
    let (mut sure, unsure): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.is_sure());
    sure.sort_by(|a, b| (a.kind, &a.part).cmp(&(b.kind, &b.part)));
    let width = sure.iter().map(|change| change.part.len()).max().unwrap_or_default();
    let mut text = String::from("Changes\n");
    for change in &sure {
        let line = format!("{:width$}  {}", change.part, change.resource_type);
        let line = match (change.kind, change.retained) {
            (Kind::Replace, _) if change.resource_type == VERSION => {
                format!("! {line}  a new one is published")
            }
            (Kind::Add, _) => paint.green(&format!("+ {line}")),
            (Kind::Change, _) => format!("~ {line}"),
            (Kind::MayReplace, _) => paint.yellow(&format!("! {line}  may be replaced")),
            (Kind::Replace, false) => paint.red(&format!("! {line}  replaced")),
            (Kind::Replace, true) => paint.yellow(&format!("! {line}  replaced; the old one stays")),
            (Kind::Remove, false) => paint.red(&format!("- {line}")),
            (Kind::Remove, true) => paint.yellow(&format!("- {line}  leaves the stack and stays")),
        };
        let _ = writeln!(text, "  {line}");
        for property in change.properties.iter().filter(|property| property.sure || property.replaces) {
            let _ = writeln!(text, "      {}", property_line(property, paint));
        }
    }
    if !unsure.is_empty() {
        let mut parts: Vec<&str> = unsure.iter().map(|change| change.part.as_str()).collect();
        parts.sort_unstable();
        let _ = writeln!(text, "  looked at again, as they refer to what changes:");
        for line in wrapped(&parts) {
            let _ = writeln!(text, "      {}", paint.dim(&line));
        }
    }
    let count = |kinds: &[Kind]| sure.iter().filter(|change| kinds.contains(&change.kind)).count();
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

/// `words` with commas, on lines that a terminal holds.
fn wrapped(words: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + 2 <= COLUMNS => {
                line.push_str(", ");
                line.push_str(word);
            }
            Some(line) => {
                line.push(',');
                lines.push((*word).to_owned());
            }
            None => lines.push((*word).to_owned()),
        }
    }
    lines
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
    let mut notes: Vec<String> = property.because.iter().map(ToString::to_string).collect();
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
    use aws_sdk_cloudformation::types::{
        ChangeAction, ChangeSource, EvaluationType, Replacement, RequiresRecreation, ResourceAttribute,
        ResourceChange, ResourceChangeDetail, ResourceTargetDefinition,
    };

    use super::*;
    use crate::change::Cause;

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
    fn what_only_refers_to_something_is_named_in_one_line() {
        let dynamic = |part: &str| {
            let mut change = modified(vec![detail("Role", None, None)], Replacement::False);
            change.part = part.to_owned();
            let because =
                Cause::Attribute { part: "Role".to_owned(), attribute: "Arn".to_owned(), sure: false };
            change.properties[0].sure = false;
            change.properties[0].because.push(because);
            change
        };
        let text = resources(&[dynamic("Sweep"), dynamic("Function")], PLAIN);
        assert!(text.contains("as they refer to what changes:\n      Function, Sweep\n"), "{text}");
        assert!(text.ends_with("0 to add, 0 to change, 0 to replace, 0 to remove."), "{text}");
    }

    #[test]
    fn long_lists_are_wrapped() {
        let words = vec!["abcdefgh"; 20];
        let lines = wrapped(&words);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= COLUMNS + 1));
        assert_eq!(lines.join(" "), words.join(", "));
    }

    #[test]
    fn the_gravest_comes_last() {
        let changes = [
            simple(Kind::Remove, "Queue", "AWS::SQS::Queue", false),
            simple(Kind::Remove, "Derived", "AWS::S3::Bucket", true),
            simple(Kind::Replace, "Version", "AWS::Lambda::Version", true),
            simple(Kind::Replace, "Rules", "AWS::Events::Rule", true),
            simple(Kind::Add, "Rule", "AWS::Events::Rule", false),
        ];
        let lines: Vec<String> = resources(&changes, PLAIN).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "Changes",
                "  + Rule     AWS::Events::Rule",
                "  ! Rules    AWS::Events::Rule  replaced; the old one stays",
                "  ! Version  AWS::Lambda::Version  a new one is published",
                "  - Derived  AWS::S3::Bucket  leaves the stack and stays",
                "  - Queue    AWS::SQS::Queue",
                "",
                "1 to add, 0 to change, 2 to replace, 2 to remove.",
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
