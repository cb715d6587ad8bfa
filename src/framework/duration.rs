//! Durations as Go writes them, which is how Terraform users write timeouts: `30s`, `1h30m`, `1.5h`.

use std::time::Duration;

const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5, micro sign
    ("μs", 1_000), // U+03BC, Greek mu
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration. `None` for anything else, negative durations and ones beyond Go's range (292 years) included.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (whole, fraction) = rest[..number].split_once('.').unwrap_or((&rest[..number], ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        rest = &rest[number..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.').len();
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        rest = &rest[letters..];
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // Digits beyond the nanosecond cannot be told apart by anything that waits.
        let digits: String = fraction.chars().chain("0".repeat(15).chars()).take(15).collect();
        let part = digits.parse::<u128>().ok()? * unit / 1_000_000_000_000_000;
        total = total.checked_add(u128::from(whole).checked_mul(*unit)?)?.checked_add(part)?;
        if total > i64::MAX as u128 {
            return None;
        }
    }
    u64::try_from(total).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_mean_what_go_says() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("1h0m5s", 3_605_000),
            ("250ms", 250),
            ("1000us", 1),
            ("1000µs", 1),
            ("+2s", 2_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_durations() {
        for text in ["", "10", "10 m", "m", "1d", "-1s", "1..5s", "1m30", "1,5s", "ten", "9999999999h", ".s"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
