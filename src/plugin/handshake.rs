//! The one line on stdout by which a host learns where and how to reach us, and the version choice behind it.
//!
//! Field by field: core protocol, application protocol, network, address, kind, certificate, multiplexing.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::listen::Address;

/// The version of go-plugin's own protocol.
const CORE_PROTOCOL: u32 = 1;

/// What the line says. `Display` writes it, without the line end.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// The application protocol version chosen.
    pub version: u32,
    /// Where the listener is.
    pub address: &'a Address,
    /// Our certificate in DER, when TLS is on.
    pub certificate: Option<&'a [u8]>,
    /// Whether the host can read a seventh field; older ones take it for a part of the certificate.
    pub multiplex: bool,
}

impl fmt::Display for Handshake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hosts decode the certificate strictly without padding.
        let certificate = self.certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        let Address { network, text } = self.address;
        write!(f, "{CORE_PROTOCOL}|{}|{network}|{text}|grpc|{certificate}", self.version)?;
        if self.multiplex { f.write_str("|false") } else { Ok(()) }
    }
}

/// The version to speak, and what was odd about the host's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionChoice {
    /// The version to announce.
    pub version: u32,
    /// Parts of the offer that are no version numbers.
    pub unreadable: Vec<String>,
    /// The offer has none of ours; the host will say so to its user.
    pub nothing_in_common: bool,
}

impl VersionChoice {
    pub(super) fn complaints(&self) -> impl Iterator<Item = String> {
        let unreadable = self.unreadable.iter().map(|part| {
            format!("the host offers a protocol version that is no number, which is ignored: {part:?}")
        });
        let nothing = self.nothing_in_common.then(|| {
            format!(
                "the host offers no protocol version that this plugin speaks; answering with {}",
                self.version
            )
        });
        unreadable.chain(nothing)
    }
}

/// Picks the highest version that both sides speak, out of a comma-separated offer in any order. Without an offer
/// or a common version it is the lowest of `ours`, and the host decides.
pub fn choose_version(offer: Option<&str>, ours: &[u32]) -> VersionChoice {
    let mut unreadable = Vec::new();
    let mut offered = Vec::new();
    for part in offer.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<u32>() {
            Ok(version) => offered.push(version),
            Err(_) => unreadable.push(part.to_owned()),
        }
    }
    let common = ours.iter().copied().filter(|version| offered.contains(version)).max();
    VersionChoice {
        version: common.or_else(|| ours.iter().copied().min()).unwrap_or_default(),
        unreadable,
        nothing_in_common: offer.is_some() && common.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_wins_whatever_the_order() {
        let check = |offer: Option<&str>, ours: &[u32], version: u32, unreadable: &[&str], nothing: bool| {
            let choice = choose_version(offer, ours);
            assert_eq!(choice.version, version, "{offer:?}");
            assert_eq!(choice.unreadable, unreadable, "{offer:?}");
            assert_eq!(choice.nothing_in_common, nothing, "{offer:?}");
            assert_eq!(choice.complaints().count(), unreadable.len() + usize::from(nothing));
        };
        check(Some("5,6"), &[6], 6, &[], false);
        check(Some("6,5"), &[6], 6, &[], false);
        check(Some("6"), &[5, 6], 6, &[], false);
        check(Some("5"), &[5, 6], 5, &[], false);
        check(Some("5"), &[6], 6, &[], true);
        check(Some("7,8"), &[5, 6], 5, &[], true);
        check(None, &[5, 6], 5, &[], false);
        check(None, &[6], 6, &[], false);
        check(Some(""), &[6], 6, &[], true);
        check(Some("six, 6 ,-1,6.0,"), &[6], 6, &["six", "-1", "6.0"], false);
        check(Some("99999999999"), &[6], 6, &["99999999999"], true);
    }

    #[test]
    fn the_line_has_exactly_the_fields_the_host_expects() {
        let address = Address { network: "unix", text: "/tmp/p/socket".into() };
        let line = |certificate, multiplex| {
            Handshake { version: 6, address: &address, certificate, multiplex }.to_string()
        };
        assert_eq!(line(None, false), "1|6|unix|/tmp/p/socket|grpc|");
        assert_eq!(line(Some(&[0xfb, 0xff][..]), false), "1|6|unix|/tmp/p/socket|grpc|+/8");
        assert_eq!(line(None, true), "1|6|unix|/tmp/p/socket|grpc||false");
    }

    #[test]
    fn certificates_of_any_length_are_written_without_padding() {
        let address = Address { network: "tcp", text: "127.0.0.1:1".into() };
        for length in 300..310 {
            let der = vec![7; length];
            let line = Handshake { version: 6, address: &address, certificate: Some(&der), multiplex: false };
            let line = line.to_string();
            assert!(!line.contains('='), "{length}");
            let field = line.rsplit('|').next().unwrap();
            assert_eq!(STANDARD_NO_PAD.decode(field).unwrap(), der);
        }
    }
}
