//! The point of a picture that matters most: what stays in view where a page crops it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Steps from one edge to the other: four decimals, a tenth of a pixel in a thousand.
const STEPS: u16 = 10_000;
const DECIMALS: usize = 4;

/// A point of the picture as it is displayed, in fractions (0 to 1, four decimals) of its width from the left and of
/// its height from the top. Written `0.375,0.2` as text, `{"x": 0.375, "y": 0.2}` in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Fractions", into = "Fractions")]
pub struct FocalPoint {
    /// In ten-thousandths, so that what is read is what was written.
    x: u16,
    y: u16,
}

/// A text or a pair of numbers that names no point of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a focal point is two numbers from 0 to 1, with up to {DECIMALS} decimals: fractions of the picture's width from \
     the left and of its height from the top, such as 0.375,0.2"
)]
pub struct FocalPointError;

/// The manifest's form.
#[derive(Serialize, Deserialize)]
struct Fractions {
    x: f64,
    y: f64,
}

impl FocalPoint {
    /// The point at these fractions of width and height, rounded to four decimals.
    ///
    /// # Errors
    ///
    /// [`FocalPointError`] when one is not from 0 to 1.
    pub fn new(x: f64, y: f64) -> Result<Self, FocalPointError> {
        Ok(Self { x: steps(x)?, y: steps(y)? })
    }

    /// From the left, as a fraction of the displayed width.
    pub fn x(self) -> f64 {
        f64::from(self.x) / f64::from(STEPS)
    }

    /// From the top, as a fraction of the displayed height.
    pub fn y(self) -> f64 {
        f64::from(self.y) / f64::from(STEPS)
    }

    /// The value of CSS's `object-position`, such as `37.5% 20%`.
    pub fn object_position(self) -> String {
        let percent = |steps| f64::from(steps) * 100.0 / f64::from(STEPS);
        format!("{}% {}%", percent(self.x), percent(self.y))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before")]
fn steps(fraction: f64) -> Result<u16, FocalPointError> {
    if !(0.0..=1.0).contains(&fraction) {
        return Err(FocalPointError);
    }
    Ok((fraction * f64::from(STEPS)).round() as u16)
}

impl FromStr for FocalPoint {
    type Err = FocalPointError;

    fn from_str(text: &str) -> Result<Self, FocalPointError> {
        let (x, y) = text.split_once(',').ok_or(FocalPointError)?;
        Self::new(fraction(x.trim())?, fraction(y.trim())?)
    }
}

/// Digits, and up to four more after a point: no sign, no exponent, nothing that a locale would read otherwise.
fn fraction(text: &str) -> Result<f64, FocalPointError> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = match text.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals) && decimals.len() <= DECIMALS,
        None => digits(text),
    };
    if !well_formed {
        return Err(FocalPointError);
    }
    text.parse().map_err(|_| FocalPointError)
}

impl fmt::Display for FocalPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.x(), self.y())
    }
}

impl From<FocalPoint> for Fractions {
    fn from(point: FocalPoint) -> Self {
        Self { x: point.x(), y: point.y() }
    }
}

impl TryFrom<Fractions> for FocalPoint {
    type Error = FocalPointError;

    fn try_from(fractions: Fractions) -> Result<Self, FocalPointError> {
        Self::new(fractions.x, fractions.y)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points_are_two_fractions() {
        for (text, position) in [
            ("0.375,0.2", "37.5% 20%"),
            ("0,1", "0% 100%"),
            ("1.0000, 0.0001", "100% 0.01%"),
            (" 0.3333,0.07 ", "33.33% 7%"),
        ] {
            assert_eq!(text.parse::<FocalPoint>().unwrap().object_position(), position, "{text}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "",
            ",",
            "0.5",
            "0.5,",
            ",0.5",
            "0.5,0.5,0.5",
            "1.0001,0",
            "-0.1,0",
            "+0.1,0",
            "2,0",
            "0.12345,0",
            "1e-1,0",
            "inf,0",
            "NaN,0",
            ".5,0",
            "0.,0",
            "50%,20%",
            "0,5;0,5",
            "٠,٠",
            "0.5 0.5",
            "0x1,0",
        ] {
            assert_eq!(text.parse::<FocalPoint>(), Err(FocalPointError), "{text}");
        }
        for (x, y) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (-0.001, 0.0), (0.0, 1.001)] {
            assert_eq!(FocalPoint::new(x, y), Err(FocalPointError));
        }
    }

    proptest! {
        #[test]
        fn every_point_reads_back(x in 0..=STEPS, y in 0..=STEPS) {
            let point = FocalPoint { x, y };
            prop_assert_eq!(point.to_string().parse::<FocalPoint>(), Ok(point));
            let json = serde_json::to_string(&point).unwrap();
            prop_assert_eq!(serde_json::from_str::<FocalPoint>(&json).unwrap(), point);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9eE., ]{0,12}|\\PC{0,12}") {
            if let Ok(point) = text.parse::<FocalPoint>() {
                prop_assert!((0.0..=1.0).contains(&point.x()) && (0.0..=1.0).contains(&point.y()));
            }
        }
    }
}
