//! Percent escapes as the platform's gateway computes them: the same text is signed and sent.

use std::fmt::Write;

/// Escapes every byte that is not `A–Z a–z 0–9 - _ . ~`, with upper-case digits.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => _ = write!(escaped, "%{byte:02X}"),
        }
    }
    escaped
}

/// The query of plain pairs in canonical form: sorted by the bytes of name, then value, before escaping.
/// Every name keeps its `=`.
pub fn query_string<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> String {
    let mut sorted: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
    sorted.sort_unstable();
    let joined: Vec<String> = sorted.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
    joined.join("&")
}

/// Undoes percent escapes once. `None` when an escape is broken or the result is not UTF-8.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_all_but_the_unreserved() {
        let check = |plain: &str, expected: &str| {
            assert_eq!(escape(plain), expected);
            assert_eq!(unescape(expected).as_deref(), Some(plain));
        };
        check("", "");
        check("AZaz09-_.~", "AZaz09-_.~");
        check("a b+c*d", "a%20b%2Bc%2Ad");
        check("100%", "100%25");
        check("主", "%E4%B8%BB");
        check("a/b", "a%2Fb");
    }

    #[test]
    fn broken_escapes_are_noticed() {
        for text in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn queries_sort_before_escaping() {
        let check = |pairs: &[(&str, &str)], expected: &str| assert_eq!(query_string(pairs), expected);
        check(&[], "");
        check(&[("b", "1"), ("a", "")], "a=&b=1");
        check(&[("k{", "1"), ("kz", "2")], "kz=2&k%7B=1");
        check(&[("n", "9"), ("n", "10")], "n=10&n=9");
    }
}
