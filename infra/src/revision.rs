//! One word for everything that a version of the function is made of.

use sha2::{Digest, Sha256};

use crate::parameters::{OURS, Parameters};

/// Which version is live is no part of what the versions are.
const APART: &str = "LiveVersion";

/// Hexadecimal digits of a revision.
const DIGITS: usize = 16;

/// A hash over the package (by its SHA-256), the template's text and every parameter's value, so that a new version
/// of the function is published when any of them has changed, and only then.
pub(crate) fn revision(package: &[u8; 32], template: &str, parameters: &Parameters) -> String {
    let mut hash = Sha256::new();
    hash.update(package);
    hash.update(Sha256::digest(template));
    for (name, chosen) in parameters.iter() {
        if name != APART && !OURS.contains(&name) {
            // With their lengths, so that nothing can be read in two ways.
            for part in [name, chosen.value()] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
    }
    let mut digits = hex::encode(hash.finalize());
    digits.truncate(DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Declared, Values};

    fn parameters(given: &[(&str, &str)], previous: Option<&Values>) -> Parameters {
        let names = ["OriginalsBucketName", "MemorySize", "LiveVersion", "CodeKey", "Revision"];
        let declared: Vec<Declared> = names
            .iter()
            .map(|name| Declared { name: (*name).to_owned(), default: Some("1".to_owned()) })
            .collect();
        let given: Vec<_> = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Parameters::merge(&declared, &given, previous).unwrap()
    }

    #[test]
    fn anything_that_changes_the_function_changes_it() {
        let plain = parameters(&[], None);
        let first = revision(&[1; 32], "t", &plain);
        assert_eq!(first.len(), DIGITS);
        assert_ne!(first, revision(&[2; 32], "t", &plain));
        assert_ne!(first, revision(&[1; 32], "u", &plain));
        assert_ne!(first, revision(&[1; 32], "t", &parameters(&[("MemorySize", "2")], None)));
    }

    #[test]
    fn the_same_values_are_the_same_wherever_they_come_from() {
        let first = revision(&[1; 32], "t", &parameters(&[], None));
        assert_eq!(first, revision(&[1; 32], "t", &parameters(&[("MemorySize", "1")], None)));
        let stack = Values::from([("CodeKey", "k"), ("Revision", "r")].map(|(k, v)| (k.into(), v.into())));
        assert_eq!(first, revision(&[1; 32], "t", &parameters(&[], Some(&stack))));
        assert_eq!(first, revision(&[1; 32], "t", &parameters(&[("LiveVersion", "3")], None)));
    }
}
