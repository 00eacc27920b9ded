//! Listings: keys in order of their bytes, rolled up at a delimiter, a page at a time.

use std::collections::{BTreeMap, btree_map};
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

impl<T> Default for Rolled<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), prefixes: Vec::new(), next: None }
    }
}

/// A version or delete marker, and whether it is its key's newest.
type Entry = (Arc<Object>, bool);

/// A page of versions continues in the middle of a key.
#[derive(Debug, Default)]
pub(crate) struct VersionListing {
    pub(crate) page: Rolled<Entry>,
    /// Where the page ended, if it ended at a version.
    pub(crate) next_version: Option<String>,
    last: Last,
}

/// The last entry of a page.
#[derive(Debug, Default)]
enum Last {
    #[default]
    Nothing,
    Version(Arc<Object>),
    Prefix(String),
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

    fn walk<'a, V>(&'a self, map: &'a BTreeMap<String, V>) -> Walk<'a, V> {
        let mut walk =
            Walk { listing: self, map, rest: map.range::<str, _>((self.start(), Bound::Unbounded)) };
        // A common prefix as marker stands for everything below it.
        if matches!(self.classify(&self.after), Some(Item::Prefix(prefix)) if prefix == self.after) {
            walk.skip(&self.after);
        }
        walk
    }

    /// Lists the keys of `map` for which `keep` yields something. Takes time for the keys of the page, not for those
    /// of its common prefixes.
    pub(crate) fn roll<V, T>(
        &self,
        map: &BTreeMap<String, V>,
        keep: impl Fn(&str, &V) -> Option<T>,
    ) -> Rolled<T> {
        let mut page = Rolled::default();
        if self.limit == 0 {
            return page;
        }
        let mut last = "";
        let mut walk = self.walk(map);
        while let Some((item, key, value)) = walk.next() {
            let Some(entry) = keep(key, value) else {
                continue;
            };
            if page.entries.len() + page.prefixes.len() == self.limit {
                page.next = Some(last.to_owned());
                break;
            }
            match item {
                Item::Prefix(prefix) => {
                    last = prefix;
                    page.prefixes.push(prefix.to_owned());
                    walk.skip(prefix);
                }
                Item::Key => {
                    last = key;
                    page.entries.push(entry);
                }
            }
        }
        page
    }
}

/// The keys of a listing in order.
struct Walk<'a, V> {
    listing: &'a Listing,
    map: &'a BTreeMap<String, V>,
    rest: btree_map::Range<'a, String, V>,
}

impl<'a, V> Walk<'a, V> {
    fn next(&mut self) -> Option<(Item<'a>, &'a str, &'a V)> {
        let (key, value) = self.rest.next()?;
        Some((self.listing.classify(key)?, key, value))
    }

    /// Goes on behind everything that begins with `prefix`.
    fn skip(&mut self, prefix: &str) {
        self.rest = match behind(prefix) {
            Some(next) => self.map.range::<str, _>((Bound::Included(next.as_str()), Bound::Unbounded)),
            None => btree_map::Range::default(),
        };
    }
}

/// Returns the first text behind all that begin with `prefix`, unless there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut next = prefix.to_owned();
    while let Some(last) = next.pop() {
        if let Some(greater) = (last..=char::MAX).nth(1) {
            next.push(greater);
            return Some(next);
        }
    }
    None
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
        let mut page = VersionListing::default();
        if listing.limit == 0 {
            return page;
        }
        let is_listed = matches!(listing.classify(&listing.after), Some(Item::Key));
        if let (Some(after), Some(versions), true) = (after_version, objects.get(&listing.after), is_listed) {
            let place = after.place(versions.iter().map(|object| (object.version_name(), object.sequence)));
            let first =
                versions.partition_point(|object| place.is_some_and(|place| object.sequence >= place));
            if !page.add(versions, first, listing.limit) {
                return page;
            }
        }
        let mut walk = listing.walk(&objects);
        while let Some((item, _, versions)) = walk.next() {
            let whole = match item {
                Item::Key => page.add(versions, 0, listing.limit),
                Item::Prefix(prefix) => {
                    walk.skip(prefix);
                    page.add_prefix(prefix, listing.limit)
                }
            };
            if !whole {
                break;
            }
        }
        page
    }
}

impl VersionListing {
    /// Adds the versions of a key from the one at `first` on. Returns whether all had room.
    fn add(&mut self, versions: &[Arc<Object>], first: usize, limit: usize) -> bool {
        for (at, object) in versions.iter().enumerate().skip(first) {
            if self.is_full(limit) {
                return false;
            }
            self.last = Last::Version(Arc::clone(object));
            self.page.entries.push((Arc::clone(object), at == 0));
        }
        true
    }

    fn add_prefix(&mut self, prefix: &str, limit: usize) -> bool {
        if self.is_full(limit) {
            return false;
        }
        self.last = Last::Prefix(prefix.to_owned());
        self.page.prefixes.push(prefix.to_owned());
        true
    }

    /// Returns whether the page has no room for another entry, and if so notes where the next one continues.
    fn is_full(&mut self, limit: usize) -> bool {
        if self.page.entries.len() + self.page.prefixes.len() < limit {
            return false;
        }
        (self.page.next, self.next_version) = match &self.last {
            Last::Nothing => (None, None),
            Last::Prefix(prefix) => (Some(prefix.clone()), None),
            Last::Version(object) => {
                let marker = Marker::write(object.version_name(), object.sequence);
                (Some(object.key.clone()), Some(marker))
            }
        };
        true
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
    fn what_begins_with_a_prefix_can_be_skipped() {
        for (prefix, next) in [("a/", "a0"), ("a", "b"), ("a\u{d7ff}", "a\u{e000}"), ("a\u{10ffff}", "b")] {
            assert_eq!(behind(prefix).unwrap(), next);
        }
        assert_eq!((behind(""), behind("\u{10ffff}")), (None, None));
    }

    #[test]
    fn a_page_of_prefixes_looks_at_few_keys() {
        let map: BTreeMap<String, ()> = (0..50_000).map(|at| (format!("{}/{at:05}", at % 5), ())).collect();
        let looked_at = std::cell::Cell::new(0);
        let listing =
            Listing { delimiter: Some("/".into()), limit: 3, after: "0/".into(), ..Listing::default() };
        let page = listing.roll(&map, |_, ()| {
            looked_at.set(looked_at.get() + 1);
            Some(())
        });
        assert_eq!(page.prefixes, ["1/", "2/", "3/"]);
        assert_eq!(looked_at.get(), 4);
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
