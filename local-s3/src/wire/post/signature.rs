use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use s3s::auth::SecretKey;
use s3s::{S3Error, S3Result, s3_error};
use sha1::Sha1;
use sha2::Sha256;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::Fields;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// The time that a signing key is valid for.
const VALID: Duration = Duration::days(7);
/// The difference between two clocks that S3 accepts.
const SKEW: Duration = Duration::minutes(15);

/// Verifies the signature of a form's policy: version 4, or the older version 2, which some libraries still use.
pub(super) fn verify(
    fields: &Fields,
    policy: &str,
    access_key: &str,
    secret_key: &SecretKey,
    now: OffsetDateTime,
) -> S3Result<()> {
    if fields.get("x-amz-signature").is_none() && fields.get("signature").is_some() {
        is_known(required(fields, "awsaccesskeyid")?, access_key)?;
        let signature = decode_base64(required(fields, "signature")?)?;
        let mut mac = Hmac::<Sha1>::new_from_slice(secret_key.expose().as_bytes()).map_err(internal)?;
        mac.update(policy.as_bytes());
        return mac.verify_slice(&signature).map_err(|_| mismatch());
    }
    let signature = required(fields, "x-amz-signature")?;
    if required(fields, "x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
        return Err(s3_error!(InvalidArgument, "x-amz-algorithm must be AWS4-HMAC-SHA256."));
    }
    let credential = required(fields, "x-amz-credential")?;
    let date = required(fields, "x-amz-date")?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [signer, day, region, "s3", "aws4_request"] = scope[..] else {
        return Err(s3_error!(
            InvalidArgument,
            "x-amz-credential must look like KEY/20300101/us-east-1/s3/aws4_request."
        ));
    };
    is_known(signer, access_key)?;
    let signed_at = PrimitiveDateTime::parse(date, DATE)
        .map_err(|_| s3_error!(InvalidArgument, "x-amz-date must be a date such as 20300101T120000Z."))?;
    if date.get(..8) != Some(day) {
        return Err(s3_error!(InvalidArgument, "x-amz-date and x-amz-credential name different days."));
    }
    let age = now - signed_at.assume_utc();
    if age > VALID || age < -SKEW {
        return Err(s3_error!(AccessDenied, "The form was signed more than 7 days ago, or in the future."));
    }
    let mut key = format!("AWS4{}", secret_key.expose()).into_bytes();
    for part in [day, region, "s3", "aws4_request"] {
        key = mac(&key, part)?.finalize().into_bytes().to_vec();
    }
    let signature = hex::decode(signature).map_err(|_| mismatch())?;
    mac(&key, policy)?.verify_slice(&signature).map_err(|_| mismatch())
}

fn mac(key: &[u8], message: &str) -> S3Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(internal)?;
    mac.update(message.as_bytes());
    Ok(mac)
}

fn required<'a>(fields: &'a Fields, name: &str) -> S3Result<&'a str> {
    fields.get(name).ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "Bucket POST must contain a field named '{}', since it has a policy.",
            name
        )
    })
}

fn is_known(signer: &str, access_key: &str) -> S3Result<()> {
    if signer == access_key {
        return Ok(());
    }
    Err(s3_error!(InvalidAccessKeyId, "The access key {:?} is not known here; use {:?}.", signer, access_key))
}

fn decode_base64(text: &str) -> S3Result<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).map_err(|_| mismatch())
}

fn mismatch() -> S3Error {
    s3_error!(
        SignatureDoesNotMatch,
        "The signature of the form's policy does not match. Check the secret key and how the policy was signed."
    )
}

fn internal(error: InvalidLength) -> S3Error {
    s3_error!(InternalError, "internal fault: {}", error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Field names and values of AWS's example of a POST policy, with a policy of our own. The signatures were computed with
    /// Python's `hmac`.
    fn form(change: impl Fn(&str) -> Option<String>) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
            ("x-amz-date", "20151229T000000Z"),
            ("x-amz-signature", SIGNATURE),
        ] {
            fields.add(name, change(name).unwrap_or_else(|| value.to_owned()));
        }
        fields
    }

    const POLICY: &str = "eyAiZXhwaXJhdGlvbiI6IHRvbW9ycm93IH0=";
    const SIGNATURE: &str = "234a13431c3c5f0096f412e492ee655e08bf51532616ec6959e7895294a56c3a";
    const SIGNATURE_2: &str = "tOjU6FYUfJTJStmluKUka/uJxVg=";

    fn code(fields: &Fields, policy: &str) -> Option<String> {
        let secret = SecretKey::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let now = PrimitiveDateTime::parse("20151230T000000Z", DATE).unwrap().assume_utc();
        let verified = verify(fields, policy, "AKIAIOSFODNN7EXAMPLE", &secret, now);
        verified.err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn a_signature_that_another_program_made_is_accepted() {
        assert_eq!(code(&form(|_| None), POLICY), None);
        let mut older = Fields::default();
        older.add("AWSAccessKeyId", "AKIAIOSFODNN7EXAMPLE".into());
        older.add("signature", SIGNATURE_2.into());
        assert_eq!(code(&older, POLICY), None);
        assert_eq!(code(&older, "eyB9").as_deref(), Some("SignatureDoesNotMatch"));
    }

    #[test]
    fn every_change_is_noticed() {
        assert_eq!(code(&form(|_| None), "eyB9").as_deref(), Some("SignatureDoesNotMatch"));
        for (field, value, expected) in [
            ("x-amz-signature", "00", "SignatureDoesNotMatch"),
            ("x-amz-signature", "no hex", "SignatureDoesNotMatch"),
            ("x-amz-algorithm", "AWS4-ECDSA-P256-SHA256", "InvalidArgument"),
            (
                "x-amz-credential",
                "AKIAIOSFODNN7EXAMPLE/20151229/eu-west-1/s3/aws4_request",
                "SignatureDoesNotMatch",
            ),
            (
                "x-amz-credential",
                "AKIAIOSFODNN7EXAMPLE/20151228/us-east-1/s3/aws4_request",
                "InvalidArgument",
            ),
            (
                "x-amz-credential",
                "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/ec2/aws4_request",
                "InvalidArgument",
            ),
            ("x-amz-credential", "somebody/20151229/us-east-1/s3/aws4_request", "InvalidAccessKeyId"),
            ("x-amz-date", "2015-12-29", "InvalidArgument"),
            ("x-amz-date", "20151222T000000Z", "InvalidArgument"),
        ] {
            let changed = form(|name| (name == field).then(|| value.to_owned()));
            assert_eq!(code(&changed, POLICY).as_deref(), Some(expected), "{field}: {value}");
        }
    }

    #[test]
    fn forms_are_valid_for_a_week() {
        for date in ["20151222", "20151231"] {
            let old = form(|name| match name {
                "x-amz-date" => Some(format!("{date}T000000Z")),
                "x-amz-credential" => Some(format!("AKIAIOSFODNN7EXAMPLE/{date}/us-east-1/s3/aws4_request")),
                _ => None,
            });
            assert_eq!(code(&old, POLICY).as_deref(), Some("AccessDenied"), "{date}");
        }
    }

    #[test]
    fn missing_fields_are_named() {
        assert_eq!(code(&Fields::default(), POLICY).as_deref(), Some("InvalidArgument"));
    }
}
