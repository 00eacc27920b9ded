use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use super::Fields;

/// Fields that a policy need not name.
const EXEMPT: [&str; 5] = ["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"];
/// Beginnings of the names of other such fields. A checksum grants nothing: it can only make an upload fail.
const EXEMPT_PREFIXES: [&str; 2] = ["x-ignore-", "x-amz-checksum-"];

/// The reason why a policy is not one, or why a form does not meet it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("Invalid Policy: {0}")]
    Invalid(String),
    #[error("Invalid according to Policy: Policy expired.")]
    Expired,
    #[error("Invalid according to Policy: Policy Condition failed: {0}")]
    Failed(String),
    #[error("Invalid according to Policy: Extra input fields: {0}")]
    Extra(String),
}

/// A condition on one field, whose name is in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Equals { field: String, value: String },
    StartsWith { field: String, prefix: String },
}

/// The policy document of a form: what the signer allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    expiration: OffsetDateTime,
    conditions: Vec<Condition>,
    /// The smallest and largest size of the file in bytes.
    size: (u64, u64),
}

impl Policy {
    /// Parses the base64 of a form's field.
    pub(crate) fn parse(field: &str) -> Result<Self, PolicyError> {
        let compact: String = field.split_ascii_whitespace().collect();
        let text = BASE64.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| invalid("it is not the base64 of UTF-8 text"))?;
        let document: Value = serde_json::from_str(&standard(&text))
            .map_err(|error| invalid(&format!("Invalid JSON: {error}")))?;
        let expiration = document.get("expiration").ok_or_else(|| invalid("expiration is missing"))?;
        let expiration = expiration.as_str().unwrap_or_default();
        let expiration = OffsetDateTime::parse(expiration, &Iso8601::DEFAULT)
            .map_err(|_| invalid("expiration is not a date such as 2030-12-31T12:00:00.000Z"))?;
        let listed = document.get("conditions").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| invalid("conditions is missing, or no list"))?;
        let mut policy = Self { expiration, conditions: Vec::new(), size: (0, u64::MAX) };
        for condition in listed {
            policy.add(condition).ok_or_else(|| invalid(&format!("Invalid condition: {condition}")))?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Option<()> {
        if let Value::Object(pairs) = condition {
            let mut pairs = pairs.iter();
            let (field, value) = pairs.next().filter(|_| pairs.len() == 0)?;
            let (field, value) = (field.to_ascii_lowercase(), value.as_str()?.to_owned());
            self.conditions.push(Condition::Equals { field, value });
            return Some(());
        }
        let [operator, first, second] = condition.as_array()?.as_slice() else { return None };
        let field = || Some(first.as_str()?.strip_prefix('$')?.to_ascii_lowercase());
        match operator.as_str()?.to_ascii_lowercase().as_str() {
            "eq" => {
                let (field, value) = (field()?, second.as_str()?.to_owned());
                self.conditions.push(Condition::Equals { field, value });
            }
            "starts-with" => {
                let (field, prefix) = (field()?, second.as_str()?.to_owned());
                self.conditions.push(Condition::StartsWith { field, prefix });
            }
            "content-length-range" => {
                let (least, most) = (number(first)?, number(second)?);
                self.size = (self.size.0.max(least), self.size.1.min(most));
            }
            _ => return None,
        }
        Some(())
    }

    /// Returns the smallest and largest size of the file in bytes.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.size
    }

    /// Compares the fields of a form that was sent to `bucket`, after `${filename}` was replaced in them.
    pub(crate) fn check(
        &self,
        fields: &Fields,
        bucket: &str,
        now: OffsetDateTime,
    ) -> Result<(), PolicyError> {
        if now >= self.expiration {
            return Err(PolicyError::Expired);
        }
        for condition in &self.conditions {
            condition.check(fields, bucket)?;
        }
        let is_named = |name: &str| self.conditions.iter().any(|condition| condition.field() == name);
        let names = fields.iter().map(|(name, _)| name).filter(|name| *name != "bucket").chain(["bucket"]);
        let is_exempt = |name: &str| {
            EXEMPT.contains(&name) || EXEMPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        let extra: Vec<&str> = names.filter(|name| !is_exempt(name) && !is_named(name)).collect();
        if extra.is_empty() { Ok(()) } else { Err(PolicyError::Extra(extra.join(", "))) }
    }
}

impl Condition {
    fn field(&self) -> &str {
        match self {
            Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => field,
        }
    }

    fn check(&self, fields: &Fields, bucket: &str) -> Result<(), PolicyError> {
        let name = self.field();
        let actual = if name == "bucket" { Some(bucket) } else { fields.get(name) };
        let holds = actual.is_some_and(|actual| match self {
            Condition::Equals { value, .. } => actual == value,
            // A list of types meets the condition if each of them does.
            Condition::StartsWith { prefix, .. } if name == "content-type" => {
                actual.split(',').all(|one| one.trim_start().starts_with(prefix.as_str()))
            }
            Condition::StartsWith { prefix, .. } => actual.starts_with(prefix.as_str()),
        });
        let said = match self {
            Condition::Equals { field, value } => ["eq", field, value],
            Condition::StartsWith { field, prefix } => ["starts-with", field, prefix],
        };
        let [operator, field, value] = said;
        let said = || PolicyError::Failed(format!("[{operator:?}, \"${field}\", {value:?}]"));
        if holds { Ok(()) } else { Err(said()) }
    }
}

fn invalid(reason: &str) -> PolicyError {
    PolicyError::Invalid(reason.to_owned())
}

/// Reads a size, which some signers write as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Replaces the two escapes that S3 allows and JSON does not: `\$` and `\v`.
fn standard(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('$') => out.push('$'),
            Some('v') => out.push_str("\\u000b"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;
    use time::Duration;

    use super::*;

    const SOON: &str = "2030-01-01T00:00:00.000Z";

    fn now() -> OffsetDateTime {
        OffsetDateTime::parse("2029-12-31T00:00:00Z", &Iso8601::DEFAULT).unwrap()
    }

    fn policy(conditions: Value) -> Result<Policy, PolicyError> {
        Policy::parse(&BASE64.encode(json!({ "expiration": SOON, "conditions": conditions }).to_string()))
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            assert!(fields.add(name, (*value).into()));
        }
        fields
    }

    fn check(conditions: Value, pairs: &[(&str, &str)]) -> Result<(), PolicyError> {
        policy(conditions).unwrap().check(&fields(pairs), "photos", now())
    }

    #[test]
    fn every_kind_of_condition_is_checked() {
        let bucket = json!({ "bucket": "photos" });
        for (condition, field, good, bad) in [
            (json!({ "key": "a" }), "key", "a", "ab"),
            (json!(["eq", "$key", "a"]), "KEY", "a", "A"),
            (json!(["EQ", "$Key", "a"]), "key", "a", ""),
            (json!(["starts-with", "$key", "user/"]), "key", "user/1", "other/user/"),
            (
                json!(["Starts-With", "$Content-Type", "image/"]),
                "content-type",
                "image/png,image/gif",
                "image/png,text/html",
            ),
            (json!(["starts-with", "$x-amz-meta-a", ""]), "x-amz-meta-a", "", "\u{0}"),
        ] {
            let conditions = json!([bucket, condition]);
            assert_eq!(check(conditions.clone(), &[(field, good)]), Ok(()), "{condition}");
            if bad != "\u{0}" {
                let refused = check(conditions.clone(), &[(field, bad)]);
                assert!(matches!(refused, Err(PolicyError::Failed(_))), "{condition}: {refused:?}");
            }
            let refused = check(conditions, &[]);
            assert!(matches!(refused, Err(PolicyError::Failed(_))), "a missing field meets {condition}");
        }
    }

    #[test]
    fn every_field_must_be_named() {
        let conditions = json!([{ "bucket": "photos" }, ["starts-with", "$key", ""]]);
        let exempt = [
            ("key", "a"),
            ("policy", "p"),
            ("X-Amz-Signature", "s"),
            ("x-ignore-me", "i"),
            ("x-amz-checksum-sha256", "c"),
            ("AWSAccessKeyId", "k"),
        ];
        assert_eq!(check(conditions.clone(), &exempt), Ok(()));
        let refused =
            check(conditions, &[("key", "a"), ("x-amz-meta-a", "b"), ("acl", "private")]).unwrap_err();
        assert_eq!(refused.to_string(), "Invalid according to Policy: Extra input fields: x-amz-meta-a, acl");
        assert!(matches!(
            check(json!([["starts-with", "$key", ""]]), &[("key", "a")]),
            Err(PolicyError::Extra(_))
        ));
    }

    #[test]
    fn the_bucket_is_that_of_the_address() {
        let elsewhere = json!([{ "bucket": "other" }]);
        assert!(matches!(check(elsewhere, &[("bucket", "other")]), Err(PolicyError::Failed(_))));
    }

    #[test]
    fn a_policy_ends_when_it_says() {
        let policy = policy(json!([{ "bucket": "photos" }])).unwrap();
        let end = now() + Duration::days(1);
        assert_eq!(policy.check(&Fields::default(), "photos", end - Duration::seconds(1)), Ok(()));
        assert_eq!(policy.check(&Fields::default(), "photos", end), Err(PolicyError::Expired));
    }

    #[test]
    fn sizes_are_the_narrowest_of_all() {
        let conditions = json!([["content-length-range", 1, 100], ["content-length-range", "10", "1000"]]);
        assert_eq!(policy(conditions).unwrap().size(), (10, 100));
        assert_eq!(policy(json!([])).unwrap().size(), (0, u64::MAX));
    }

    #[test]
    fn documents_that_are_no_policy_are_refused() {
        for conditions in [
            json!([{}]),
            json!([{ "a": "b", "c": "d" }]),
            json!([{ "a": 1 }]),
            json!([["eq", "key", "a"]]),
            json!([["eq", "$key"]]),
            json!([["eq", "$key", "a", "b"]]),
            json!([["ends-with", "$key", "a"]]),
            json!([["content-length-range", 0]]),
            json!([["content-length-range", -1, 0]]),
            json!([["content-length-range", 0.5, 1]]),
            json!(["key"]),
            json!({ "key": "a" }),
        ] {
            assert!(matches!(policy(conditions.clone()), Err(PolicyError::Invalid(_))), "{conditions}");
        }
        for document in [
            json!({ "expiration": SOON }),
            json!({ "conditions": [] }),
            json!({ "EXPIRATION": SOON, "conditions": [] }),
            json!({ "expiration": "tomorrow", "conditions": [] }),
            json!({ "expiration": 5, "conditions": [] }),
            json!([]),
        ] {
            let refused = Policy::parse(&BASE64.encode(document.to_string()));
            assert!(matches!(refused, Err(PolicyError::Invalid(_))), "{document}");
        }
        assert!(Policy::parse("not base64!").is_err() && Policy::parse(&BASE64.encode([0xff])).is_err());
    }

    #[test]
    fn the_escapes_of_s3_are_read() {
        let text = r#"{"expiration":"2030-01-01T00:00:00Z","conditions":[{"bucket":"photos"},["eq","$key","\$a\\$b\vc"]]}"#;
        let policy = Policy::parse(&BASE64.encode(text)).unwrap();
        assert_eq!(policy.check(&fields(&[("key", "$a\\$b\u{b}c")]), "photos", now()), Ok(()));
    }

    proptest! {
        #[test]
        fn any_document_is_read_or_refused(text in "\\PC{0,80}") {
            let _ = Policy::parse(&text);
            let _ = Policy::parse(&BASE64.encode(&text));
        }
    }
}
