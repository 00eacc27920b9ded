//! What a change set would cost: data that goes, and work that stops.

use serde::Serialize;

use crate::change::{Change, Kind};
use crate::console::Paint;

/// One consequence of a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Risk {
    /// Whether data is lost or readers and authors notice; else it is only good to know.
    pub(crate) grave: bool,
    pub(crate) text: String,
}

/// The consequences of `changes`, the grave ones first.
pub(crate) fn risks(changes: &[Change]) -> Vec<Risk> {
    let mut risks: Vec<Risk> = changes.iter().filter(|change| change.is_sure()).filter_map(risk).collect();
    risks.sort_by_key(|risk| !risk.grave);
    risks
}

fn risk(change: &Change) -> Option<Risk> {
    let name = change.name.as_deref().unwrap_or(&change.part);
    let grave = |text: String| Some(Risk { grave: true, text });
    let mild = |text: String| Some(Risk { grave: false, text });
    let may = if change.kind == Kind::MayReplace { "may be" } else { "is" };
    match (change.resource_type.as_str(), change.kind) {
        (_, Kind::Add) => None,
        ("AWS::S3::Bucket", Kind::Change) => {
            let lifecycle = change.properties.iter().any(|property| property.name.starts_with("Lifecycle"));
            let text =
                format!("what the bucket {name} forgets by itself changes: look at its lifecycle's days");
            lifecycle.then_some(Risk { grave: false, text })
        }
        (_, Kind::Change) => None,
        ("AWS::S3::Bucket", Kind::Remove) if change.retained => mild(format!(
            "the bucket {name} stays with all that is in it, but is no part of the stack any more"
        )),
        ("AWS::S3::Bucket", Kind::Remove) => grave(format!("the bucket {name} is deleted")),
        ("AWS::S3::Bucket", _) if change.retained => grave(format!(
            "the bucket {name} stays with all that is in it, but the pipeline goes on with a new, empty one"
        )),
        ("AWS::S3::Bucket", _) => grave(format!("the bucket {name} {may} replaced by a new, empty one")),
        ("AWS::SQS::Queue", Kind::Remove) => {
            grave(format!("the queue {name} is deleted with the messages that wait in it"))
        }
        ("AWS::SQS::Queue", _) => {
            grave(format!("the queue {name} {may} replaced, and the messages that wait in it are lost"))
        }
        ("AWS::CloudFront::Distribution", Kind::Remove) => {
            grave(format!("the distribution {name} is deleted: the URLs in pages lead nowhere"))
        }
        ("AWS::CloudFront::Distribution", _) => grave(format!(
            "the distribution {name} {may} replaced: URLs in pages that have its own host name lead nowhere"
        )),
        ("AWS::Lambda::Function", _) => mild(format!(
            "the function {name} {may} made anew: uploads wait meanwhile, and its earlier versions are gone"
        )),
        ("AWS::Logs::LogGroup", _) if !change.retained => {
            grave(format!("the log group {name} {may} deleted with its lines"))
        }
        ("AWS::SNS::Topic", _) => mild(format!(
            "the topic {name} {may} made anew or deleted: its subscriptions have to be confirmed again"
        )),
        _ => None,
    }
}

/// The lines at the end of what is shown.
pub(crate) fn lines(risks: &[Risk], paint: Paint) -> String {
    if risks.is_empty() {
        return "No data is lost, and nothing is interrupted.".to_owned();
    }
    let lines = risks.iter().map(|risk| {
        if risk.grave {
            paint.red(&format!("CAREFUL: {}.", risk.text))
        } else {
            format!("Note: {}.", risk.text)
        }
    });
    let mut lines: Vec<String> = lines.collect();
    if !risks.iter().any(|risk| risk.grave) {
        lines.push("No data is lost.".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Property;

    fn change(kind: Kind, resource_type: &str, retained: bool) -> Change {
        Change {
            kind,
            part: "Part".to_owned(),
            resource_type: resource_type.to_owned(),
            name: Some("blog-part".to_owned()),
            retained,
            properties: Vec::new(),
        }
    }

    fn one(change: Change) -> Risk {
        let mut all = risks(&[change]);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn what_adds_or_changes_in_place_costs_nothing() {
        let changes = [
            change(Kind::Add, "AWS::SQS::Queue", false),
            change(Kind::Change, "AWS::Lambda::Function", false),
            change(Kind::Replace, "AWS::Lambda::Version", true),
        ];
        assert_eq!(risks(&changes), []);
        assert_eq!(lines(&[], Paint(false)), "No data is lost, and nothing is interrupted.");
    }

    #[test]
    fn retained_buckets_stay() {
        let removed = one(change(Kind::Remove, "AWS::S3::Bucket", true));
        assert!(!removed.grave && removed.text.contains("blog-part stays"));
        assert!(lines(&[removed], Paint(false)).ends_with("\nNo data is lost."));
        let replaced = one(change(Kind::Replace, "AWS::S3::Bucket", true));
        assert!(replaced.grave && replaced.text.contains("new, empty one"));
        let deleted = one(change(Kind::Remove, "AWS::S3::Bucket", false));
        assert_eq!(lines(&[deleted], Paint(false)), "CAREFUL: the bucket blog-part is deleted.");
    }

    #[test]
    fn waiting_messages_and_urls_are_lost_with_what_holds_them() {
        assert!(one(change(Kind::Remove, "AWS::SQS::Queue", false)).text.contains("messages"));
        assert!(one(change(Kind::MayReplace, "AWS::SQS::Queue", false)).text.contains("may be replaced"));
        assert!(one(change(Kind::Replace, "AWS::CloudFront::Distribution", false)).text.contains("URLs"));
    }

    #[test]
    fn a_lifecycle_that_changes_is_worth_a_look() {
        let mut bucket = change(Kind::Change, "AWS::S3::Bucket", false);
        assert_eq!(risks(std::slice::from_ref(&bucket)), []);
        bucket.properties =
            vec![Property { name: "LifecycleConfiguration".to_owned(), sure: true, ..Property::default() }];
        assert!(one(bucket).text.contains("lifecycle"));
    }

    #[test]
    fn the_grave_comes_first() {
        let both =
            [change(Kind::Remove, "AWS::SNS::Topic", false), change(Kind::Remove, "AWS::SQS::Queue", false)];
        assert_eq!(risks(&both).iter().map(|risk| risk.grave).collect::<Vec<_>>(), [true, false]);
    }
}
