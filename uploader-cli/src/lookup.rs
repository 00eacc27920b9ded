//! Everything that there is to know of one key.

use std::sync::{Arc, OnceLock};

use futures::{Stream, StreamExt};
use manifest::Manifest;

use crate::failure::Failure;
use crate::manifests;
use crate::original::{self, Original};
use crate::place::Place;
use crate::standing::{Seen, Standing};
use crate::store::Store;

/// Keys that are looked up at once.
pub(crate) const AT_ONCE: usize = 16;

/// One key of the command line, looked up.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// As it was given, if it names no place.
    pub(crate) key: String,
    pub(crate) bucket: String,
    pub(crate) original: Option<Original>,
    /// The manifest, even if it is of an earlier upload.
    pub(crate) manifest: Option<Manifest>,
    pub(crate) standing: Standing,
    /// Why it is unknown or missing.
    pub(crate) failure: Option<Failure>,
}

/// Looks `keys` up, in their order. Once a failure concerns all keys, the rest of them are not asked for.
pub(crate) fn all<'a>(store: &'a Store, keys: &'a [String]) -> impl Stream<Item = Lookup> + 'a {
    let obstacle: Arc<OnceLock<Failure>> = Arc::default();
    let look = move |key: &'a String| {
        let obstacle = Arc::clone(&obstacle);
        async move {
            if let Some(failure) = obstacle.get() {
                return Lookup::unknown(key.clone(), store.originals.clone(), failure.clone());
            }
            let lookup = Lookup::of(store, key).await;
            if let Some(failure) =
                lookup.failure.as_ref().filter(|failure| failure.is_final() || failure.may_pass())
            {
                // Another lookup may have been faster; either failure will do.
                let _ = obstacle.set(failure.clone());
            }
            lookup
        }
    };
    futures::stream::iter(keys).map(look).buffered(AT_ONCE)
}

/// Failures that concern all keys, each to be told once.
#[derive(Debug, Default)]
pub(crate) struct Obstacles(Vec<(Failure, String, usize)>);

impl Obstacles {
    /// Counts the failure of `key`. Returns `true` if it concerns all keys, and so is told by [`Self::lines`].
    pub(crate) fn take(&mut self, key: &str, failure: &Failure) -> bool {
        if !failure.concerns_all {
            return false;
        }
        match self
            .0
            .iter_mut()
            .find(|(known, ..)| known.code == failure.code && known.remedy == failure.remedy)
        {
            Some((.., keys)) => *keys += 1,
            None => self.0.push((failure.clone(), key.to_owned(), 1)),
        }
        true
    }

    /// Returns one line for each cause.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(failure, key, keys)| match keys {
            1 => format!("{key}: {failure}"),
            keys => format!("{keys} keys: {failure}"),
        })
    }
}

impl Lookup {
    /// Asks both buckets about the original that `text` names, in whichever Unicode spelling it exists.
    pub(crate) async fn of(store: &Store, text: &str) -> Self {
        let place = match Place::parse(text, store) {
            Ok(place) => place,
            Err(failure) => return Self::unknown(text.to_owned(), store.originals.clone(), failure),
        };
        let mut others = place.spellings().skip(1);
        let mut best = Self::of_place(store, place).await;
        while best.original.is_none() && best.standing != Standing::Unknown {
            let Some(other) = others.next() else { break };
            let other = Self::of_place(store, other).await;
            if other.original.is_some() || best.standing == Standing::Missing {
                best = if other.standing == Standing::Missing { best } else { other };
            }
        }
        best
    }

    async fn of_place(store: &Store, place: Place) -> Self {
        let (original, manifest) =
            tokio::join!(original::look(store, &place), manifests::read(store, &place.key));
        let manifest = match manifest {
            Ok(manifest) => manifest.filter(|manifest| manifest.source.bucket == place.bucket),
            // Of what isn't there, S3 says "forbidden" to who may not list: the original's absence is what counts.
            Err(_) if matches!(original, Ok(None)) => None,
            Err(failure) => {
                // A failure that concerns all keys is told of the originals first.
                let failure = original.err().filter(|original| original.concerns_all).unwrap_or(failure);
                return Self::unknown(place.key, place.bucket, failure);
            }
        };
        let seen = match &original {
            Ok(Some(original)) => Seen::There(original),
            Ok(None) => Seen::Gone,
            Err(_) => Seen::Unknown,
        };
        let standing = Standing::new(seen, manifest.as_ref());
        let failure = match &original {
            Ok(_) if standing == Standing::Missing => Some(original::missing(&place)),
            // An author who may not read originals still learns what the manifest says.
            Err(failure) if manifest.is_none() => Some(failure.clone()),
            _ => None,
        };
        let Place { bucket, key } = place;
        Self { key, bucket, original: original.ok().flatten(), manifest, standing, failure }
    }

    fn unknown(key: String, bucket: String, failure: Failure) -> Self {
        let standing = Standing::Unknown;
        Self { key, bucket, original: None, manifest: None, standing, failure: Some(failure) }
    }

    /// The manifest, if it is that of the original as it is now.
    pub(crate) fn current(&self) -> Option<&Manifest> {
        self.manifest.as_ref().filter(|_| self.standing != Standing::Uploaded)
    }
}
