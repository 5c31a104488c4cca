//! How far a position may be off: a circular Gaussian error, told by a radius and the share of true
//! places inside it. Not here: in which wards the true place may lie (odds).

use std::ops::RangeInclusive;

/// The shares that a radius may be stated for. Receivers state 0.39 (one sigma), 0.5 (CEP), 0.63
/// (DRMS), 0.68, 0.95, 0.98 (2DRMS) or 0.99. Nearer to 0 or 1 the radius says nothing of the error's
/// middle, and a share in percent (68) is outside.
pub const CONFIDENCE: RangeInclusive<f64> = 0.3..=0.99;
/// The share that a radius is for if nothing is said. The W3C's Geolocation (`accuracy` of
/// `GeolocationCoordinates`) asks browsers for it.
pub const USUAL_CONFIDENCE: f64 = 0.95;

/// A circular Gaussian error. The distance of the true place follows Rayleigh's distribution: a share
/// of 1 - exp(-r² / 2σ²) lies within r.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    radius_95_m: f64,
}

/// Why something is no accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccuracyError {
    /// The radius is negative or no number.
    #[error("must be 0 or more metres")]
    Radius,
    /// The share is not in [`CONFIDENCE`].
    #[error("must be a share from {} to {}, usually 0.95 or 0.68", CONFIDENCE.start(), CONFIDENCE.end())]
    Confidence,
}

impl Accuracy {
    /// The error of which a share of `confidence` (in [`CONFIDENCE`]) lies within `radius_m` metres.
    ///
    /// # Errors
    /// When the radius is negative or not finite, or the share out of range.
    pub fn new(radius_m: f64, confidence: f64) -> Result<Self, AccuracyError> {
        if !(radius_m >= 0.0 && radius_m.is_finite()) {
            return Err(AccuracyError::Radius);
        }
        if !CONFIDENCE.contains(&confidence) {
            return Err(AccuracyError::Confidence);
        }
        Ok(Self { radius_95_m: radius_m * (sigmas(USUAL_CONFIDENCE) / sigmas(confidence)) })
    }

    /// Standard deviation along each axis, in metres.
    pub fn sigma_m(self) -> f64 {
        self.radius_95_m / sigmas(USUAL_CONFIDENCE)
    }

    /// Metres within which 95% of the true places lie: 2.4477 sigma.
    pub fn radius_95_m(self) -> f64 {
        self.radius_95_m
    }
}

/// The radius that holds a share of the error, in standard deviations.
fn sigmas(share: f64) -> f64 {
    (-2.0 * (1.0 - share).ln()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_radius_means_what_its_confidence_says() {
        let sigma = |radius, confidence| Accuracy::new(radius, confidence).unwrap().sigma_m();
        assert!((sigma(2.447_7, 0.95) - 1.0).abs() < 1e-4);
        assert!((sigma(1.509_6, 0.68) - 1.0).abs() < 1e-4);
        assert!((sigma(1.177_4, 0.5) - 1.0).abs() < 1e-4);
        assert!((Accuracy::new(20.0, 0.68).unwrap().radius_95_m() - 32.429).abs() < 1e-3);
        assert_eq!(Accuracy::new(8.1, 0.95).unwrap().radius_95_m().to_bits(), 8.1_f64.to_bits(), "as given");
        assert_eq!(Accuracy::new(0.0, 0.95).unwrap().sigma_m().to_bits(), 0);
        for (radius, confidence, error) in [
            (-1.0, 0.95, AccuracyError::Radius),
            (f64::NAN, 0.95, AccuracyError::Radius),
            (f64::INFINITY, 0.95, AccuracyError::Radius),
            (5.0, 68.0, AccuracyError::Confidence),
            (5.0, 1.0, AccuracyError::Confidence),
            (5.0, 0.0, AccuracyError::Confidence),
            (5.0, f64::NAN, AccuracyError::Confidence),
        ] {
            assert_eq!(Accuracy::new(radius, confidence), Err(error), "{radius} {confidence}");
        }
    }

    proptest! {
        #[test]
        fn radii_of_one_error_at_two_confidences_are_one_accuracy(
            sigma in 0.01..500.0_f64, one in 0.3..0.99_f64, other in 0.3..0.99_f64,
        ) {
            let of = |c: f64| Accuracy::new(sigma * (-2.0 * (1.0 - c).ln()).sqrt(), c).unwrap();
            prop_assert!((of(one).radius_95_m() - of(other).radius_95_m()).abs() < 1e-9 * sigma);
        }
    }
}
