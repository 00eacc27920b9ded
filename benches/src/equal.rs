//! Bytes at equal quality.

/// How far from where it began a search for a score goes, in steps of [`STEP`].
const STEPS: i32 = 9;
/// Between two quality settings that are tried.
const STEP: i32 = 3;

/// A quality setting tried: SSIMULACRA2 and bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// SSIMULACRA2 against the reference.
    pub score: f64,
    /// The file's bytes.
    pub bytes: f64,
}

/// Bytes that a file with `score` would have, between two that were tried: log bytes by score. `None` unless one
/// of them lies on either side.
pub fn bytes_at(score: f64, tried: &[Tried]) -> Option<f64> {
    let below = tried.iter().filter(|t| t.score <= score).max_by(|a, b| a.score.total_cmp(&b.score))?;
    let above = tried.iter().filter(|t| t.score >= score).min_by(|a, b| a.score.total_cmp(&b.score))?;
    if above.score == below.score {
        return Some(below.bytes.min(above.bytes));
    }
    let share = (score - below.score) / (above.score - below.score);
    Some((below.bytes.ln() + share * (above.bytes.ln() - below.bytes.ln())).exp())
}

/// Bytes at `score`, found by trying settings ever farther from `quality` until `score` lies between two.
///
/// # Errors
///
/// What `try_at` errs with.
pub fn search<E>(
    score: f64,
    quality: u8,
    mut try_at: impl FnMut(u8) -> Result<Tried, E>,
) -> Result<Option<f64>, E> {
    let first = try_at(quality)?;
    let direction = if first.score < score { STEP } else { -STEP };
    let mut tried = vec![first];
    let mut last = i32::from(quality);
    for step in 1..=STEPS {
        // The scale's last setting is tried too, though it be nearer.
        let setting = (i32::from(quality) + direction * step).clamp(1, 100);
        if setting == last {
            break;
        }
        last = setting;
        tried.push(try_at(setting as u8)?);
        if let Some(bytes) = bytes_at(score, &tried) {
            return Ok(Some(bytes));
        }
    }
    Ok(bytes_at(score, &tried))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const fn tried(score: f64, bytes: f64) -> Tried {
        Tried { score, bytes }
    }

    #[test]
    fn between_two_scores_bytes_grow_by_a_constant_factor() {
        let bytes = bytes_at(75.0, &[tried(70.0, 100.0), tried(80.0, 400.0)]).unwrap();
        assert!((bytes - 200.0).abs() < 1e-9, "{bytes}");
        assert_eq!(bytes_at(70.0, &[tried(70.0, 100.0), tried(80.0, 400.0)]), Some(100.0));
    }

    #[test]
    fn nothing_is_made_up_beyond_what_was_tried() {
        assert_eq!(bytes_at(81.0, &[tried(70.0, 100.0), tried(80.0, 400.0)]), None);
        assert_eq!(bytes_at(69.0, &[tried(70.0, 100.0), tried(80.0, 400.0)]), None);
        assert_eq!(bytes_at(69.0, &[]), None);
    }

    #[test]
    fn the_nearest_two_count() {
        let all = [tried(60.0, 1.0), tried(70.0, 100.0), tried(80.0, 400.0), tried(90.0, 9_000.0)];
        assert_eq!(bytes_at(75.0, &all), bytes_at(75.0, &all[1..3]));
    }

    /// An encoder whose score is its setting and whose bytes are 1.1 to the power of it.
    #[test]
    fn a_search_goes_up_or_down_as_far_as_it_must() {
        for score in [60.0, 74.5, 80.0, 81.0, 99.0] {
            let mut settings = Vec::new();
            let found = search(score, 80, |q| {
                settings.push(q);
                Ok::<_, Infallible>(tried(f64::from(q), 1.1_f64.powi(i32::from(q))))
            });
            let bytes = found.unwrap().unwrap();
            assert!((bytes.ln() / 1.1_f64.ln() - score).abs() < 1e-6, "{score}: {bytes}");
            assert!(settings.len() <= 8, "{settings:?}");
        }
    }

    #[test]
    fn a_search_ends_at_the_ends_of_the_scale() {
        let found = search(200.0, 98, |q| Ok::<_, Infallible>(tried(f64::from(q), 1.0)));
        assert_eq!(found.unwrap(), None);
    }
}
