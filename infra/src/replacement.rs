//! What is replaced, where CloudFormation says no more than that it may be.
//!
//! It says so of whatever refers to something that changes. Most of that never comes: an ARN stays while what it names
//! stays. Told word for word, every change of the function would look as though it might cost the buckets.

use crate::change::{Cause, Change, Kind};

/// The properties that cannot change in place, of the template's types.
///
/// Source: `createOnlyProperties` of CloudFormation's resource schemas.
const FIXED: [(&str, &[&str]); 27] = [
    ("AWS::CloudFront::CachePolicy", &[]),
    ("AWS::CloudFront::Distribution", &[]),
    ("AWS::CloudFront::OriginAccessControl", &[]),
    ("AWS::CloudFront::ResponseHeadersPolicy", &[]),
    ("AWS::CloudWatch::Alarm", &["AlarmName"]),
    ("AWS::CloudWatch::Dashboard", &["DashboardName"]),
    ("AWS::Events::Rule", &["Name", "EventBusName"]),
    ("AWS::IAM::ManagedPolicy", &["ManagedPolicyName", "Description", "Path"]),
    ("AWS::IAM::Role", &["Path", "RoleName"]),
    ("AWS::Lambda::Alias", &["Name", "FunctionName"]),
    ("AWS::Lambda::EventInvokeConfig", &["FunctionName", "Qualifier"]),
    ("AWS::Lambda::EventSourceMapping", &["EventSourceArn", "StartingPosition"]),
    ("AWS::Lambda::Function", &["FunctionName", "PackageType"]),
    ("AWS::Lambda::Permission", &["FunctionName", "SourceAccount", "SourceArn", "Principal", "Action"]),
    ("AWS::Lambda::Version", &["FunctionName", "Description", "CodeSha256"]),
    ("AWS::Logs::Delivery", &["DeliverySourceName", "DeliveryDestinationArn"]),
    ("AWS::Logs::DeliveryDestination", &["Name", "OutputFormat", "DestinationResourceArn"]),
    ("AWS::Logs::DeliverySource", &["Name"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::S3::Bucket", &["BucketName", "BucketNamePrefix", "BucketNamespace"]),
    ("AWS::S3::BucketPolicy", &["Bucket"]),
    ("AWS::SNS::Subscription", &["Endpoint", "Protocol", "TopicArn"]),
    ("AWS::SNS::Topic", &["TopicName", "FifoTopic"]),
    ("AWS::SNS::TopicPolicy", &[]),
    ("AWS::SQS::Queue", &["FifoQueue", "QueueName"]),
    ("AWS::SQS::QueuePolicy", &[]),
    ("AWS::Scheduler::Schedule", &["Name"]),
];

/// Works out what really happens to those of `changes` that may be replaced, and to what refers to them.
pub(crate) fn resolve(changes: &mut [Change]) {
    // One settles another, and each at most once.
    for _ in 0..=changes.len() {
        let before = changes.to_vec();
        for change in changes.iter_mut() {
            for property in &mut change.properties {
                property.because.retain_mut(|cause| match cause {
                    Cause::Parameter { .. } => true,
                    Cause::Part { part, sure } | Cause::Attribute { part, sure, .. } => {
                        let Some(cause) = before.iter().find(|change| change.part == *part) else {
                            return true;
                        };
                        *sure |= cause.kind == Kind::Replace;
                        // A name, an ARN or a number: that of what stays is what it was.
                        cause.kind != Kind::Change || !is_known(cause)
                    }
                });
                property.sure |= property.because.iter().any(Cause::is_sure);
            }
            change.properties.retain(|property| property.sure || !property.because.is_empty());
            settle(change);
        }
        if changes == before {
            break;
        }
    }
}

fn is_known(change: &Change) -> bool {
    FIXED.iter().any(|(known, _)| *known == change.resource_type)
}

/// Decides what only may be replaced by its properties.
fn settle(change: &mut Change) {
    let Some((_, fixed)) = FIXED.iter().find(|(known, _)| *known == change.resource_type) else { return };
    for property in &mut change.properties {
        let word = property.name.split('.').next().unwrap_or_default();
        property.replaces = fixed.contains(&word);
    }
    if change.kind == Kind::MayReplace {
        let replacing = change.properties.iter().filter(|property| property.replaces);
        change.kind = match replacing.map(|property| property.sure).max() {
            None => Kind::Change,
            Some(true) => Kind::Replace,
            Some(false) => Kind::MayReplace,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Property;

    fn change(part: &str, resource_type: &str, kind: Kind, properties: Vec<Property>) -> Change {
        Change {
            kind,
            part: part.to_owned(),
            resource_type: resource_type.to_owned(),
            name: None,
            retained: false,
            properties,
        }
    }

    fn property(name: &str, because: Cause) -> Property {
        let sure = because.is_sure();
        Property { name: name.to_owned(), sure, because: vec![because], ..Property::default() }
    }

    fn by_parameter(name: &str) -> Cause {
        Cause::Parameter { name: name.to_owned(), sure: true }
    }

    fn by_part(part: &str) -> Cause {
        Cause::Part { part: part.to_owned(), sure: false }
    }

    fn by_attribute(part: &str, attribute: &str) -> Cause {
        Cause::Attribute { part: part.to_owned(), attribute: attribute.to_owned(), sure: false }
    }

    #[test]
    fn a_new_version_replaces_itself_and_nothing_else() {
        use Kind::{Change as C, MayReplace as M};
        let mut changes = [
            change(
                "Version",
                "AWS::Lambda::Version",
                M,
                vec![property("Description", by_parameter("Revision"))],
            ),
            change(
                "Live",
                "AWS::Lambda::Alias",
                M,
                vec![property("FunctionVersion", by_attribute("Version", "Version"))],
            ),
            change(
                "Originals",
                "AWS::S3::Bucket",
                M,
                vec![property("NotificationConfiguration", by_part("Live"))],
            ),
            change("Policy", "AWS::S3::BucketPolicy", M, vec![property("Bucket", by_part("Originals"))]),
            change("Role", "AWS::IAM::Role", C, vec![property("Policies", by_attribute("Foreign", "Arn"))]),
        ];
        resolve(&mut changes);
        assert_eq!(changes.each_ref().map(|change| change.kind), [Kind::Replace, C, C, C, C]);
        let sure = changes.each_ref().map(Change::is_sure);
        assert_eq!(sure, [true, true, false, false, false]);
        assert!(changes[2].properties.is_empty() && changes[3].properties.is_empty());
        assert_eq!(changes[4].properties.len(), 1);
    }

    #[test]
    fn what_cannot_change_in_place_is_replaced_with_what_hangs_on_it() {
        let mut changes = [
            change(
                "Originals",
                "AWS::S3::Bucket",
                Kind::MayReplace,
                vec![property("BucketName", by_parameter("OriginalsBucketName"))],
            ),
            change(
                "Policy",
                "AWS::S3::BucketPolicy",
                Kind::MayReplace,
                vec![property("Bucket", by_part("Originals"))],
            ),
        ];
        resolve(&mut changes);
        assert_eq!(changes.each_ref().map(|change| change.kind), [Kind::Replace, Kind::Replace]);
        assert!(changes.iter().all(|change| change.properties[0].replaces));
    }

    #[test]
    fn of_what_is_not_known_cloudformation_s_word_stands() {
        let foreign = vec![property("Name", by_parameter("P"))];
        let mut changes = [
            change("X", "Custom::Thing", Kind::MayReplace, foreign.clone()),
            change("Y", "AWS::SQS::Queue", Kind::Replace, foreign),
        ];
        resolve(&mut changes);
        assert_eq!(changes.each_ref().map(|change| change.kind), [Kind::MayReplace, Kind::Replace]);
    }
}
