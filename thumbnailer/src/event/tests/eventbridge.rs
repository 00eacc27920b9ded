use super::*;

#[test]
fn creations_and_deletions_are_read() {
    for (detail_type, change) in [("Object Created", Change::Created), ("Object Deleted", Change::Removed)] {
        let mut payload = bridged(detail_type, "a");
        payload["detail"]["object"]["version-id"] = json!("v.1");
        payload["detail"]["object"]["size"] = json!(5);
        assert_eq!(parse(&payload).unwrap().envelope, Envelope::EventBridge);
        let event = only(&payload).unwrap();
        assert_eq!((event.change, event.bucket.as_str(), event.size), (change, "originals", Some(5)));
        assert_eq!(event.etag.as_deref(), Some("0123abcd"));
        assert_eq!(event.version_id.as_deref(), Some("v.1"));
        assert_eq!(event.sequencer.as_deref(), Some("0055AED6DCD90281E5"));
    }
}

#[test]
fn other_events_of_s3s_ask_for_no_work() {
    for detail_type in [
        "Object Restore Initiated",
        "Object Restore Completed",
        "Object Restore Expired",
        "Object Storage Class Changed",
        "Object Access Tier Changed",
        "Object ACL Updated",
        "Object Tags Added",
        "Object Tags Deleted",
    ] {
        assert_eq!(events(&bridged(detail_type, "a")).unwrap(), [], "{detail_type}");
    }
}

#[test]
fn unknown_events_are_errors_that_name_them() {
    for (origin, detail_type) in [
        ("aws.s3", "Object Repainted"),
        ("aws.s3", "AWS API Call via CloudTrail"),
        ("aws.ec2", "Object Created"),
    ] {
        let mut payload = bridged(detail_type, "a");
        payload["source"] = json!(origin);
        let error = only(&payload).unwrap_err().to_string();
        assert!(
            error.contains(origin) && error.contains(detail_type) && error.contains("pattern"),
            "{error}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    for (pointer, word) in [("/source", "source"), ("/detail", "bucket"), ("/detail/object/key", "key")] {
        let mut payload = bridged("Object Created", "a");
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        payload.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        let error = only(&payload).unwrap_err().to_string();
        assert!(error.contains("EventBridge event") && error.contains(word), "{pointer}: {error}");
    }
}

#[test]
fn only_the_major_version_matters() {
    for (version, known) in [("1.0", true), ("1.9", true), ("2.0", false), ("10.0", false)] {
        let mut payload = bridged("Object Created", "a");
        payload["detail"]["event-version"] = json!(version);
        assert_eq!(only(&payload).is_ok(), known, "{version}");
    }
}
