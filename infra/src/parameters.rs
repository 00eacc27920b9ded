//! The template's parameters: what was given, what stays as it is, what the template says.

use std::collections::BTreeMap;

use crate::failure::Failure;

/// Set by the deployment itself, where the template has them.
pub(crate) const OURS: [&str; 3] = ["CodeBucket", "CodeKey", "Revision"];

/// Without it a new stack has no name for its bucket.
const REQUIRED: &str = "OriginalsBucketName";

/// Values by names.
pub(crate) type Values = BTreeMap<String, String>;

/// A parameter as the template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    Given(String),
    /// As the stack has it.
    Previous(String),
    /// As the template has it.
    Default(String),
}

impl Chosen {
    pub(crate) fn value(&self) -> &str {
        match self {
            Self::Given(value) | Self::Previous(value) | Self::Default(value) => value,
        }
    }
}

/// Every parameter of a template with its value, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, Chosen>);

impl Parameters {
    /// Brings together what the template declares, what was `given`, and what the stack has, if there is one.
    ///
    /// # Errors
    ///
    /// A [`Failure`] that names what the template doesn't know, or what is missing.
    pub(crate) fn merge(
        declared: &[Declared],
        given: &[(String, String)],
        previous: Option<&Values>,
    ) -> Result<Self, Failure> {
        let mut wanted = Values::new();
        for (name, value) in given {
            check_known(name, declared)?;
            if wanted.insert(name.clone(), value.clone()).is_some_and(|earlier| earlier != *value) {
                return Err(Failure::usage(
                    format!("--param {name} is given twice, with different values"),
                    "Give it once.",
                ));
            }
        }
        let mut chosen = BTreeMap::new();
        let mut missing = Vec::new();
        for Declared { name, default } in declared {
            let of_stack = previous.and_then(|values| values.get(name));
            let value = if let Some(value) = wanted.remove(name) {
                Chosen::Given(value)
            } else if let Some(value) = of_stack {
                Chosen::Previous(value.clone())
            } else if let Some(value) = default.clone().filter(|value| !value.is_empty() || name != REQUIRED)
            {
                Chosen::Default(value)
            } else {
                if !OURS.contains(&name.as_str()) {
                    missing.push(name.as_str());
                }
                continue;
            };
            chosen.insert(name.clone(), value);
        }
        if missing.is_empty() {
            return Ok(Self(chosen));
        }
        let flags: Vec<String> = missing.iter().map(|name| format!("--param {name}=…")).collect();
        Err(Failure::usage(
            format!("a new stack needs {}", missing.join(", ")),
            format!("Give {}.", flags.join(" ")),
        ))
    }

    /// Sets one that is the deployment's own, if the template declares it.
    pub(crate) fn set_ours(&mut self, declared: &[Declared], name: &str, value: String) {
        if declared.iter().any(|parameter| parameter.name == name) {
            self.0.insert(name.to_owned(), Chosen::Given(value));
        }
    }

    /// What `name` comes to.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Chosen::value)
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Chosen)> {
        self.0.iter().map(|(name, chosen)| (name.as_str(), chosen))
    }

    /// Those whose value differs from what the stack has, with that: all that were given, for a new stack.
    pub(crate) fn changes<'a>(
        &'a self,
        previous: Option<&'a Values>,
    ) -> impl Iterator<Item = (&'a str, Option<&'a str>, &'a str)> {
        self.iter().filter_map(move |(name, chosen)| {
            let before = previous.and_then(|values| values.get(name)).map(String::as_str);
            let differs = match previous {
                Some(_) => before != Some(chosen.value()),
                None => matches!(chosen, Chosen::Given(_)),
            };
            differs.then_some((name, before, chosen.value()))
        })
    }
}

fn check_known(name: &str, declared: &[Declared]) -> Result<(), Failure> {
    if OURS.contains(&name) {
        let instead =
            if name == "CodeBucket" { "Choose the bucket with --code-bucket." } else { "Leave it out." };
        return Err(Failure::usage(format!("{name} is set by the deployment itself"), instead));
    }
    if declared.iter().any(|parameter| parameter.name == name) {
        return Ok(());
    }
    let names = declared.iter().map(|parameter| parameter.name.as_str());
    let near = names.clone().find(|known| known.eq_ignore_ascii_case(name));
    let remedy = match near {
        Some(near) => format!("Is it {near}?"),
        None => {
            let known: Vec<&str> = names.filter(|known| !OURS.contains(known)).collect();
            format!("It has {}.", known.join(", "))
        }
    };
    Err(Failure::usage(format!("the template has no parameter '{name}'"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<Declared> {
        let one = |name: &str, default: Option<&str>| Declared {
            name: name.to_owned(),
            default: default.map(str::to_owned),
        };
        vec![
            one("OriginalsBucketName", Some("")),
            one("MemorySize", Some("2048")),
            one("Preset", Some("")),
            one("CodeKey", None),
        ]
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn values(of: &[(&str, &str)]) -> Values {
        pairs(of).into_iter().collect()
    }

    #[test]
    fn a_new_stack_takes_what_is_given_and_the_template_s_defaults() {
        let made = Parameters::merge(&declared(), &pairs(&[("OriginalsBucketName", "o")]), None).unwrap();
        assert_eq!(made.value("OriginalsBucketName"), Some("o"));
        assert_eq!(made.0["MemorySize"], Chosen::Default("2048".to_owned()));
        assert_eq!(made.value("CodeKey"), None);
        assert_eq!(made.changes(None).collect::<Vec<_>>(), [("OriginalsBucketName", None, "o")]);
    }

    #[test]
    fn a_new_stack_needs_a_bucket_s_name() {
        let failure = Parameters::merge(&declared(), &[], None).unwrap_err();
        assert!(failure.usage);
        assert_eq!(
            failure.to_string(),
            "a new stack needs OriginalsBucketName. Give --param OriginalsBucketName=…."
        );
    }

    #[test]
    fn what_is_not_given_stays_as_the_stack_has_it() {
        let stack = values(&[("OriginalsBucketName", "o"), ("MemorySize", "3008"), ("Gone", "x")]);
        let mut made = Parameters::merge(&declared(), &pairs(&[("Preset", "p")]), Some(&stack)).unwrap();
        assert_eq!(made.0["MemorySize"], Chosen::Previous("3008".to_owned()));
        assert_eq!(made.value("Gone"), None);
        made.set_ours(&declared(), "CodeKey", "k".to_owned());
        made.set_ours(&declared(), "Revision", "r".to_owned());
        let changes: Vec<_> = made.changes(Some(&stack)).collect();
        assert_eq!(changes, [("CodeKey", None, "k"), ("Preset", None, "p")]);
    }

    #[test]
    fn a_value_can_be_emptied() {
        let stack = values(&[("OriginalsBucketName", "o"), ("Preset", "p")]);
        let made = Parameters::merge(&declared(), &pairs(&[("Preset", "")]), Some(&stack)).unwrap();
        assert_eq!(made.0["Preset"], Chosen::Given(String::new()));
    }

    #[test]
    fn what_the_template_does_not_know_is_refused_with_what_it_knows() {
        let refusal = |name: &str| {
            Parameters::merge(&declared(), &pairs(&[(name, "1")]), None).unwrap_err().to_string()
        };
        assert_eq!(
            refusal("Memory"),
            "the template has no parameter 'Memory'. It has OriginalsBucketName, MemorySize, Preset."
        );
        assert!(refusal("memorysize").ends_with("Is it MemorySize?"));
        assert!(refusal("CodeBucket").ends_with("--code-bucket."));
        assert!(refusal("Revision").contains("the deployment itself"));
        let twice = pairs(&[("MemorySize", "1"), ("MemorySize", "2")]);
        assert!(Parameters::merge(&declared(), &twice, None).unwrap_err().message.contains("twice"));
    }
}
