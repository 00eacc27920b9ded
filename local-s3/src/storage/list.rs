//! Listings: keys in order of their bytes, rolled up at a delimiter, a page at a time.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::{Bucket, Object};
use crate::event;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    /// Only what comes after this key or common prefix.
    pub(crate) after: String,
    /// Entries and common prefixes together.
    pub(crate) limit: usize,
}

/// A page of a listing.
#[derive(Debug)]
pub(crate) struct Rolled<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) prefixes: Vec<String>,
    /// The last key or common prefix of this page, if there is another page.
    pub(crate) next: Option<String>,
}

/// A version or delete marker, and whether it is its key's newest.
type Entry = (Arc<Object>, bool);

/// A page of versions continues in the middle of a key.
#[derive(Debug)]
pub(crate) struct VersionListing {
    pub(crate) page: Rolled<Entry>,
    /// Where the page ended, if it ended at a version.
    pub(crate) next_version: Option<String>,
}

/// Where in a key's versions or uploads a page ended. It names the place in their order too, so that the listing goes
/// on from there though what it ended at has been removed meanwhile, as those do who list in order to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker<'a> {
    id: &'a str,
    sequence: Option<u64>,
}

impl<'a> Marker<'a> {
    pub(crate) fn write(id: &str, sequence: u64) -> String {
        format!("{id}-{}", event::sequencer(sequence))
    }

    /// Reads a marker of ours, or a plain id.
    pub(crate) fn read(text: &'a str) -> Self {
        // No id has a hyphen.
        let parts = text.split_once('-');
        match parts.and_then(|(id, sequence)| Some((id, u64::from_str_radix(sequence, 16).ok()?))) {
            Some((id, sequence)) => Self { id, sequence: Some(sequence) },
            None => Self { id: text, sequence: None },
        }
    }

    /// The place among `all`, which are `(id, sequence)`; `None` for a plain id that is none of theirs.
    pub(crate) fn place<'b>(self, mut all: impl Iterator<Item = (&'b str, u64)>) -> Option<u64> {
        self.sequence.or_else(|| all.find(|(id, _)| *id == self.id).map(|(_, sequence)| sequence))
    }
}

enum Item<'a> {
    Prefix(&'a str),
    Key,
}

impl Listing {
    /// Whether `key` stands for itself or only for its common prefix; `None` if it is outside the listing.
    fn classify<'a>(&self, key: &'a str) -> Option<Item<'a>> {
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let Some(delimiter) = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()) else {
            return Some(Item::Key);
        };
        Some(match rest.find(delimiter) {
            Some(at) => Item::Prefix(&key[..self.prefix.len() + at + delimiter.len()]),
            None => Item::Key,
        })
    }

    fn start(&self) -> Bound<&str> {
        if self.after >= self.prefix {
            Bound::Excluded(self.after.as_str())
        } else {
            Bound::Included(&self.prefix)
        }
    }

    /// Lists the keys of `map` for which `keep` yields something.
    pub(crate) fn roll<V, T>(
        &self,
        map: &BTreeMap<String, V>,
        keep: impl Fn(&str, &V) -> Option<T>,
    ) -> Rolled<T> {
        let mut page = Rolled { entries: Vec::new(), prefixes: Vec::new(), next: None };
        if self.limit == 0 {
            return page;
        }
        let mut last = String::new();
        for (key, value) in map.range::<str, _>((self.start(), Bound::Unbounded)) {
            let Some(item) = self.classify(key) else {
                break;
            };
            if let Item::Prefix(prefix) = item
                && (prefix == self.after || page.prefixes.last().is_some_and(|known| known == prefix))
            {
                continue;
            }
            let Some(entry) = keep(key, value) else {
                continue;
            };
            if page.entries.len() + page.prefixes.len() == self.limit {
                page.next = Some(last);
                break;
            }
            match item {
                Item::Prefix(prefix) => {
                    last = prefix.to_owned();
                    page.prefixes.push(last.clone());
                }
                Item::Key => {
                    last.clone_from(key);
                    page.entries.push(entry);
                }
            }
        }
        page
    }
}

impl Bucket {
    /// The objects that are there: newest versions that are no delete markers.
    pub(crate) fn list(&self, listing: &Listing) -> Rolled<Arc<Object>> {
        listing.roll(&self.objects(), |_, versions| {
            versions.first().filter(|object| !object.delete_marker).cloned()
        })
    }

    /// All versions and delete markers, newest first within a key, each with whether it is the newest. After
    /// `after_version` of the key `listing.after`, if one is given; all of that key's versions if it is unknown.
    pub(crate) fn list_versions(
        &self,
        listing: &Listing,
        after_version: Option<Marker<'_>>,
    ) -> VersionListing {
        let objects = self.objects();
        let mut entries: Vec<Entry> = Vec::new();
        let is_listed = matches!(listing.classify(&listing.after), Some(Item::Key));
        if let (Some(after), Some(versions), true) = (after_version, objects.get(&listing.after), is_listed) {
            let place = after.place(versions.iter().map(|object| (object.version_name(), object.sequence)));
            let rest = versions.iter().enumerate();
            let rest = rest.filter(|(_, object)| place.is_none_or(|place| object.sequence < place));
            entries.extend(rest.map(|(at, object)| (Arc::clone(object), at == 0)));
        }
        let page = listing.roll(&objects, |_, versions| Some(versions.clone()));
        let mut next = page.next;
        for versions in page.entries {
            entries.extend(versions.into_iter().enumerate().map(|(at, object)| (object, at == 0)));
        }
        let mut prefixes = page.prefixes;
        let mut next_version = None;
        if entries.len() + prefixes.len() > listing.limit {
            // Several versions a key: cut the page where it is full, keys and prefixes in one order.
            let mut order: Vec<(String, Option<Entry>)> =
                prefixes.drain(..).map(|prefix| (prefix, None)).collect();
            order.extend(entries.drain(..).map(|entry| (entry.0.key.clone(), Some(entry))));
            order.sort_by(|one, other| one.0.cmp(&other.0)); // stable: versions stay newest first
            order.truncate(listing.limit);
            next = order.last().map(|(key, _)| key.clone());
            for (key, entry) in order {
                match entry {
                    Some(entry) => {
                        next_version = Some(Marker::write(entry.0.version_name(), entry.0.sequence));
                        entries.push(entry);
                    }
                    None => {
                        next_version = None;
                        prefixes.push(key);
                    }
                }
            }
        } else if next.is_some() {
            next_version = entries
                .last()
                .filter(|(object, _)| next.as_deref() == Some(&object.key))
                .map(|(object, _)| Marker::write(object.version_name(), object.sequence));
        }
        VersionListing { page: Rolled { entries, prefixes, next }, next_version }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn map(keys: &[&str]) -> BTreeMap<String, ()> {
        keys.iter().map(|key| ((*key).to_owned(), ())).collect()
    }

    fn keep(key: &str, (): &()) -> Option<String> {
        Some(key.to_owned())
    }

    #[test]
    fn keys_are_rolled_up_at_the_delimiter() {
        let map = map(&["a/1", "a/2", "b", "c/x/y", "c/z"]);
        let listing = Listing { delimiter: Some("/".into()), limit: 1000, ..Listing::default() };
        let page = listing.roll(&map, keep);
        assert_eq!(page.entries, ["b"]);
        assert_eq!(page.prefixes, ["a/", "c/"]);
        assert_eq!(page.next, None);
        let below = Listing { prefix: "c/".into(), ..listing }.roll(&map, keep);
        assert_eq!((below.entries, below.prefixes), (vec!["c/z".to_owned()], vec!["c/x/".to_owned()]));
    }

    #[test]
    fn markers_outlive_what_they_name() {
        let all = [("b", 7), ("a", 3)];
        let place = |text: &str| Marker::read(text).place(all.into_iter());
        assert_eq!(place(&Marker::write("gone", 5)), Some(5));
        assert_eq!((place("b"), place("unknown"), place("not-hex")), (Some(7), None, None));
    }

    #[test]
    fn no_room_means_no_entries_and_no_next_page() {
        let page = Listing::default().roll(&map(&["a"]), keep);
        assert!(page.entries.is_empty() && page.next.is_none());
    }

    proptest! {
        /// Pages of any size, put together, are the whole listing: nothing twice, nothing lost.
        #[test]
        fn pages_make_the_whole(
            keys in prop::collection::btree_set("[ab/é]{1,6}", 0..40),
            prefix in "[ab/]{0,2}",
            rolled in any::<bool>(),
            limit in 1_usize..7,
        ) {
            let map: BTreeMap<String, ()> = keys.into_iter().map(|key| (key, ())).collect();
            let delimiter = rolled.then(|| "/".to_owned());
            let whole = Listing { prefix: prefix.clone(), delimiter, after: String::new(), limit: 10_000 };
            let expected = whole.roll(&map, keep);
            let (mut entries, mut prefixes) = (Vec::new(), Vec::new());
            let mut part = Listing { limit, ..whole };
            loop {
                let page = part.roll(&map, keep);
                prop_assert!(page.entries.len() + page.prefixes.len() <= limit);
                entries.extend(page.entries);
                prefixes.extend(page.prefixes);
                let Some(next) = page.next else { break };
                part.after = next;
            }
            prop_assert_eq!(entries, expected.entries);
            prop_assert_eq!(prefixes, expected.prefixes);
        }
    }
}
