//! Numbers without loss.
//!
//! Terraform compares numbers by value with 512 bits of precision, and sends what fits neither an integer nor a
//! double as decimal text. So a number stays a decimal here and becomes an `i64` only at the edge of the API.

use std::{cmp::Ordering, fmt, str::FromStr};

/// How far a decimal is written out before the exponent form is used instead.
const PLAIN_DIGITS: i64 = 400;

/// A number of Terraform's: any decimal, or an infinity. Equality is by value: `1`, `1.0` and `10e-1` are one.
/// The order is structural, not numeric: it serves to sort sets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    /// `±digits × 10^exponent`.
    Decimal(Decimal),
    /// Positive or negative infinity, which configurations can produce by dividing by zero.
    Infinity {
        /// Below zero.
        negative: bool,
    },
}

/// The one normal form of a decimal: no leading or trailing zeros in `digits`, zero is empty and positive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// The text was not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a number")]
pub struct NotANumber;

impl Decimal {
    fn new(negative: bool, digits: &str, exponent: i64) -> Option<Self> {
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
        Some(Self { negative, digits: significant.to_owned(), exponent: exponent.checked_add(dropped)? })
    }
}

impl Number {
    /// The value, when it is a whole number within the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        let Self::Decimal(decimal) = self else { return None };
        if decimal.digits.is_empty() {
            return Some(0);
        }
        if !(0..=18).contains(&decimal.exponent) {
            return None;
        }
        let zeros = "0".repeat(usize::try_from(decimal.exponent).ok()?);
        format!("{}{}{zeros}", if decimal.negative { "-" } else { "" }, decimal.digits).parse().ok()
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Infinity { negative: true } => f64::NEG_INFINITY,
            Self::Infinity { negative: false } => f64::INFINITY,
            Self::Decimal(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// `None` for NaN, which Terraform has no place for.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.is_infinite() {
            return Some(Self::Infinity { negative: value < 0.0 });
        }
        // The shortest text that reads back as the same double: the very form core compares.
        value.to_string().parse().ok()
    }

    /// Whether the value has no fraction.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Decimal(decimal) if decimal.exponent >= 0)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        let digits = value.unsigned_abs().to_string();
        Self::Decimal(Decimal::new(value < 0, &digits, 0).unwrap_or(Decimal {
            negative: false,
            digits: String::new(),
            exponent: 0,
        }))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        value.to_string().parse().unwrap_or(Self::Infinity { negative: false })
    }
}

impl FromStr for Number {
    type Err = NotANumber;

    /// Decimal or exponent form, as in `-12.5` or `1e30`.
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if matches!(unsigned, "Inf" | "inf" | "Infinity") {
            return Ok(Self::Infinity { negative });
        }
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i64>().map_err(|_| NotANumber)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotANumber);
        }
        let shift = i64::try_from(fraction.len()).map_err(|_| NotANumber)?;
        let exponent = exponent.checked_sub(shift).ok_or(NotANumber)?;
        Decimal::new(negative, &digits, exponent).map(Self::Decimal).ok_or(NotANumber)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = match self {
            Self::Infinity { negative } => return f.write_str(if *negative { "-Inf" } else { "Inf" }),
            Self::Decimal(decimal) => decimal,
        };
        let Decimal { negative, digits, exponent } = decimal;
        if *negative {
            f.write_str("-")?;
        }
        if digits.is_empty() {
            return f.write_str("0");
        }
        if !(-PLAIN_DIGITS..=PLAIN_DIGITS).contains(exponent) {
            return write!(f, "{digits}e{exponent}");
        }
        let distance = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
        match exponent.cmp(&0) {
            Ordering::Equal => f.write_str(digits),
            Ordering::Greater => write!(f, "{digits}{}", "0".repeat(distance)),
            Ordering::Less if digits.len() > distance => {
                let (whole, fraction) = digits.split_at(digits.len() - distance);
                write!(f, "{whole}.{fraction}")
            }
            Ordering::Less => write!(f, "0.{}{digits}", "0".repeat(distance - digits.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn equality_is_by_value() {
        for (a, b) in
            [("1", "1.0"), ("10e-1", "1"), ("0", "-0.00"), ("1e30", "1000000000000000000000000000000")]
        {
            assert_eq!(number(a), number(b), "{a} {b}");
        }
        assert_ne!(number("0.1"), number("0.10000000000000001"));
    }

    #[test]
    fn texts_survive_a_round_trip() {
        for text in [
            "0",
            "-1",
            "0.1",
            "18446744073709551615",
            "12345678901234567890.123",
            "-0.001",
            "1200",
            "Inf",
            "-Inf",
            "7e100000",
            "3e-99999",
        ] {
            assert_eq!(number(text).to_string(), text);
        }
    }

    #[test]
    fn integers_are_exact_or_absent() {
        for (text, expected) in [
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e3", Some(1000)),
            ("1.5", None),
            ("1e19", None),
            ("Inf", None),
            ("0", Some(0)),
        ] {
            assert_eq!(number(text).as_i64(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.2.3", "0x10", "e5", "1e", "1e99999999999999999999", " 1", "١"] {
            assert_eq!(text.parse::<Number>(), Err(NotANumber), "{text:?}");
        }
        assert_eq!(Number::from_f64(f64::NAN), None);
    }

    #[test]
    fn doubles_take_their_shortest_text() {
        assert_eq!(Number::from_f64(0.1).unwrap(), number("0.1"));
        assert_eq!(Number::from_f64(1e21).unwrap(), number("1e21"));
        assert_eq!(number("0.5").as_f64(), 0.5);
    }
}
