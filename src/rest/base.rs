//! Where a service lives: scheme, host, port and the path in front of its own paths.

use std::net::IpAddr;

use url::{Host, Url};

use super::escape::unescape;

/// The root of a service, checked once. Plain `http` is only possible towards this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    scheme: &'static str,
    authority: String,
    host: String,
    loopback: bool,
    prefix: Vec<String>,
}

/// Why a text is not a usable root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// Not a URL at all.
    #[error("it is not a URL ({0})")]
    Syntax(String),
    /// Neither `http` nor `https`.
    #[error("its scheme must be https")]
    Scheme,
    /// `http` to another machine would show every credential to the network.
    #[error("plain http is accepted only for this machine itself (localhost, 127.0.0.0/8, ::1); use https")]
    PlainHttp,
    /// User, query or fragment.
    #[error("it must be a plain address, without user, query or fragment")]
    Extras,
    /// A path that could not be signed unambiguously.
    #[error("its path holds an empty segment or a broken escape")]
    Path,
}

impl Base {
    /// Reads a root such as `https://host[:port][/prefix]`. Without a scheme `https` is meant.
    pub fn parse(text: &str) -> Result<Base, BaseError> {
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|error| BaseError::Syntax(error.to_string()))?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(BaseError::Extras);
        }
        let host = url.host().ok_or_else(|| BaseError::Syntax("it names no host".to_owned()))?;
        let loopback = is_loopback(&host);
        let scheme = match url.scheme() {
            "https" => "https",
            "http" if loopback => "http",
            "http" => return Err(BaseError::PlainHttp),
            _ => return Err(BaseError::Scheme),
        };
        let host = host.to_string();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let prefix = url.path().trim_matches('/');
        let prefix = if prefix.is_empty() {
            Vec::new()
        } else {
            prefix
                .split('/')
                .map(|segment| unescape(segment).filter(|s| !s.is_empty() && !s.contains('/')))
                .collect::<Option<_>>()
                .ok_or(BaseError::Path)?
        };
        Ok(Base { scheme, authority, host, loopback, prefix })
    }

    /// Where a server of the cloud learns about itself. The address never leaves the server's own network card,
    /// so here alone plain `http` goes to something else than loopback.
    pub fn metadata() -> Base {
        let host = "169.254.169.254".to_owned();
        Base { scheme: "http", authority: host.clone(), host, loopback: false, prefix: Vec::new() }
    }

    /// The same root with one more segment in front of the service's own paths.
    pub fn join(mut self, segment: &str) -> Base {
        self.prefix.push(segment.to_owned());
        self
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// Host and, unless it is the scheme's own, port: the value of the `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it is reached without a proxy: this machine, and what is spoken to without TLS.
    pub(super) fn is_direct(&self) -> bool {
        self.loopback || self.scheme == "http"
    }

    /// The decoded segments of the path in front.
    pub fn prefix(&self) -> &[String] {
        &self.prefix
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_roots() {
        let check = |text: &str, authority: &str, prefix: &[&str], loopback: bool| {
            let base = Base::parse(text).unwrap();
            assert_eq!(base.authority(), authority, "{text}");
            assert_eq!(base.prefix(), prefix, "{text}");
            assert_eq!(base.is_loopback(), loopback, "{text}");
        };
        check("https://hss.example.com", "hss.example.com", &[], false);
        check("hss.example.com/", "hss.example.com", &[], false);
        check("https://h:443/x//", "h", &["x"], false);
        check("https://h:8443/a%20b/c", "h:8443", &["a b", "c"], false);
        check("http://127.0.0.1:99", "127.0.0.1:99", &[], true);
        check("http://127.9.9.9", "127.9.9.9", &[], true);
        check("http://[::1]:7", "[::1]:7", &[], true);
        check("http://LOCALHOST:1", "localhost:1", &[], true);
        check("https://localhost", "localhost", &[], true);
    }

    #[test]
    fn metadata_is_never_asked_through_a_proxy() {
        assert!(Base::metadata().is_direct());
        assert!(Base::parse("https://127.0.0.1").unwrap().is_direct());
        assert!(!Base::parse("https://169.254.169.254").unwrap().is_direct());
    }

    #[test]
    fn refuses_what_would_leak_or_mislead() {
        let check = |text: &str, expected: BaseError| assert_eq!(Base::parse(text), Err(expected), "{text}");
        check("http://hss.example.com", BaseError::PlainHttp);
        check("http://10.0.0.1", BaseError::PlainHttp);
        check("http://localhost.example.com", BaseError::PlainHttp);
        check("http://127.0.0.1.example.com", BaseError::PlainHttp);
        check("ftp://h", BaseError::Scheme);
        check("https://me:pw@h", BaseError::Extras);
        check("https://h?x=1", BaseError::Extras);
        check("https://h/#x", BaseError::Extras);
        check("https://h/a//b", BaseError::Path);
        check("https://h/a%2Fb", BaseError::Path);
        check("https://h/%zz", BaseError::Path);
        assert!(matches!(Base::parse("https://"), Err(BaseError::Syntax(_))));
    }
}
