//! The stack's alarms that take a deployment back when they ring.

use aws_sdk_cloudformation::types::{RollbackConfiguration, RollbackTrigger, StackResourceSummary};

use crate::stack::Stack;

const ALARM: &str = "AWS::CloudWatch::Alarm";

/// What CloudFormation takes at most. Source: AWS CloudFormation API Reference, `RollbackConfiguration`.
const MOST: usize = 5;

/// The alarms that tell of a bad version, by words of their names in the template: errors of the function, and
/// uploads that are given up.
const TELLING: [&str; 3] = ["Error", "Dead", "Failed"];

/// The ARNs of the alarms of `stack` among its `resources` that tell of a bad version.
pub(crate) fn telling(stack: &Stack, account: &str, resources: &[StackResourceSummary]) -> Vec<String> {
    // arn:aws:cloudformation:eu-west-1:…
    let mut words = stack.id.split(':').skip(1);
    let (partition, region) = (words.next().unwrap_or("aws"), words.nth(1).unwrap_or_default());
    let alarms = resources.iter().filter(|resource| resource.resource_type() == Some(ALARM));
    let telling = alarms.filter(|alarm| {
        let name = alarm.logical_resource_id().unwrap_or_default();
        TELLING.iter().any(|word| name.contains(word))
    });
    let names = telling.filter_map(|alarm| alarm.physical_resource_id());
    names
        .take(MOST)
        .map(|name| format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"))
        .collect()
}

/// What CloudFormation is told: to watch `alarms` for `minutes`, or, said expressly since a stack remembers it, to
/// watch none.
pub(crate) fn configuration(alarms: &[String], minutes: i32) -> RollbackConfiguration {
    let triggers =
        alarms.iter().filter_map(|arn| RollbackTrigger::builder().arn(arn).r#type(ALARM).build().into());
    RollbackConfiguration::builder()
        .set_rollback_triggers(Some(triggers.collect()))
        .monitoring_time_in_minutes(minutes)
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types;

    use super::*;

    fn resource(part: &str, resource_type: &str, name: &str) -> StackResourceSummary {
        StackResourceSummary::builder()
            .logical_resource_id(part)
            .resource_type(resource_type)
            .physical_resource_id(name)
            .build()
    }

    #[test]
    fn alarms_of_errors_and_dead_letters_are_named_by_their_arns() {
        let id = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/blog/1";
        let stack = Stack::from(types::Stack::builder().stack_id(id).stack_name("blog").build());
        let resources = [
            resource("ErrorsAlarm", ALARM, "blog-errors"),
            resource("AgeAlarm", ALARM, "blog-age"),
            resource("DeadLettersAlarm", ALARM, "blog-dead"),
            resource("DeadLetters", "AWS::SQS::Queue", "blog-queue"),
        ];
        assert_eq!(
            telling(&stack, "123456789012", &resources),
            [
                "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:blog-errors",
                "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:blog-dead",
            ]
        );
    }

    #[test]
    fn watching_nothing_is_said_expressly() {
        let nothing = configuration(&[], 0);
        assert_eq!(nothing.rollback_triggers.as_deref(), Some(&[][..]));
        assert_eq!(nothing.monitoring_time_in_minutes(), Some(0));
        let two = configuration(&["a".to_owned(), "b".to_owned()], 10);
        assert_eq!(two.rollback_triggers().len(), 2);
    }
}
