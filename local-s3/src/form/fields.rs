/// Fields that `${filename}` stays in as it is: it would change what was signed.
const LITERAL: [&str; 8] = [
    "awsaccesskeyid",
    "policy",
    "signature",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
];

/// The fields of a form before its file, by name in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds a field. Returns false if its name occurred already, in any case.
    pub(crate) fn add(&mut self, name: &str, value: String) -> bool {
        let name = name.to_ascii_lowercase();
        let new = self.get(&name).is_none();
        if new {
            self.0.push((name, value));
        }
        new
    }

    /// Returns the value of a field; `name` is in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Replaces `${filename}` by the file's name without its folders, as S3 does.
    pub(crate) fn insert_filename(&mut self, filename: Option<&str>) {
        let name = filename.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
        for (field, value) in &mut self.0 {
            if !LITERAL.contains(&field.as_str()) && value.contains("${filename}") {
                *value = value.replace("${filename}", name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_file_name_is_inserted_everywhere_except_in_signed_fields() {
        for (filename, inserted) in [
            (Some("a b.jpg"), "a b.jpg"),
            (Some("C:\\photos\\a.jpg"), "a.jpg"),
            (Some("/home/me/a.jpg"), "a.jpg"),
            (Some("${filename}"), "${filename}"),
            (Some(""), ""),
            (None, ""),
        ] {
            let mut fields = Fields::default();
            for name in ["key", "x-amz-meta-name", "success_action_redirect", "policy", "X-Amz-Signature"] {
                assert!(fields.add(name, "<${filename}|${filename}>".into()));
            }
            fields.insert_filename(filename);
            for name in ["key", "x-amz-meta-name", "success_action_redirect"] {
                assert_eq!(fields.get(name).unwrap(), format!("<{inserted}|{inserted}>"));
            }
            for name in ["policy", "x-amz-signature"] {
                assert_eq!(fields.get(name), Some("<${filename}|${filename}>"));
            }
        }
    }

    #[test]
    fn a_repeated_field_is_noticed_in_any_case() {
        let mut fields = Fields::default();
        assert!(fields.add("Key", "a".into()));
        assert!(!fields.add("kEY", "b".into()));
        assert_eq!(fields.get("key"), Some("a"));
    }
}
