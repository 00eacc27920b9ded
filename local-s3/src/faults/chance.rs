use s3s::crypto::{Checksum, Sha256};

/// What a seed makes of a thing's name: numbers that depend on nothing else, neither on what is decided at the same
/// time nor on the release of a random number generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chance([u64; 4]);

impl Chance {
    /// Of a name in several parts; where one ends and the next begins counts.
    pub(super) fn of<'a>(seed: u64, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(&seed.to_be_bytes());
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        Self(words)
    }

    /// The same thing for the `occurrence`-th time.
    pub(super) fn again(&self, occurrence: u64) -> Self {
        let name = self.0.map(u64::to_be_bytes);
        Self::of(occurrence, [name.as_flattened()])
    }

    /// Tells names apart.
    pub(super) fn id(&self) -> u128 {
        (u128::from(self.0[0]) << 64) | u128::from(self.0[1])
    }

    /// A number of 64 bits, independent of [`Chance::share`] and [`Chance::other_share`].
    pub(super) fn number(&self) -> u64 {
        self.0[2]
    }

    /// A number in 0..1.
    pub(super) fn share(&self) -> f64 {
        uniform(self.0[0])
    }

    /// Another one.
    pub(super) fn other_share(&self) -> f64 {
        uniform(self.0[1])
    }
}

/// As many bits as a double holds.
fn uniform(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_name_count_and_so_does_where_they_end() {
        let of = |seed, parts: &[&str]| Chance::of(seed, parts.iter().map(|part| part.as_bytes()));
        assert_eq!(of(1, &["ab", "c"]), of(1, &["ab", "c"]));
        assert_ne!(of(1, &["ab", "c"]), of(1, &["a", "bc"]));
        assert_ne!(of(1, &["ab", "c"]), of(2, &["ab", "c"]));
        assert_ne!(of(1, &["ab"]).again(0), of(1, &["ab"]).again(1));
    }

    /// Against Python's: `sha256(pack('>QQ', 1, 1) + b'a').digest()[16:24]`.
    #[test]
    fn a_seed_means_the_same_in_every_release() {
        assert_eq!(Chance::of(1, [b"a".as_slice()]).number(), 0x82c0417c242eb4e3);
    }
}
