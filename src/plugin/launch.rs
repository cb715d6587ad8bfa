//! What the host said in the environment when it started this process.
//!
//! Only the variables that matter here are kept: the rest of the environment is full of other people's secrets.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
};

use super::{Plugin, listen::SocketOptions};

/// The go-plugin variables of one start.
#[derive(Clone, Default)]
pub struct Launch {
    cookie_shown: bool,
    versions: Option<String>,
    client_certificate: Option<OsString>,
    socket_folder: Option<PathBuf>,
    socket_group: Option<OsString>,
    temporary_folder: Option<PathBuf>,
    multiplexing: bool,
}

impl Launch {
    /// Picks what matters to `plugin` out of the environment.
    pub fn from_variables(
        plugin: &Plugin,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut launch = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            match name {
                _ if name == plugin.cookie_name => launch.cookie_shown = value == plugin.cookie_value,
                "PLUGIN_PROTOCOL_VERSIONS" => launch.versions = Some(value.to_string_lossy().into_owned()),
                // Kept even when empty: whoever sets it means TLS, so it must never end in plaintext.
                "PLUGIN_CLIENT_CERT" => launch.client_certificate = Some(value),
                "PLUGIN_UNIX_SOCKET_DIR" => launch.socket_folder = folder(value),
                "PLUGIN_UNIX_SOCKET_GROUP" => {
                    launch.socket_group = Some(value).filter(|group| !group.is_empty());
                }
                "PLUGIN_MULTIPLEX_GRPC" => launch.multiplexing = true,
                "TMPDIR" => launch.temporary_folder = folder(value),
                _ => {}
            }
        }
        launch
    }

    /// Whether a host started us, rather than a person.
    pub fn shows_cookie(&self) -> bool {
        self.cookie_shown
    }

    /// The versions the host speaks, as it listed them.
    pub fn versions(&self) -> Option<&str> {
        self.versions.as_deref()
    }

    /// The certificate the host will show, in PEM. Present means that TLS is mandatory.
    pub fn client_certificate(&self) -> Option<&OsStr> {
        self.client_certificate.as_deref()
    }

    /// Whether the host understands the last field of the handshake line.
    pub fn asks_for_multiplexing(&self) -> bool {
        self.multiplexing
    }

    /// Where the socket may be and who may use it.
    pub fn socket_options(&self) -> SocketOptions {
        let mut folders = Vec::new();
        folders.extend(self.socket_folder.clone().or_else(|| self.temporary_folder.clone()));
        folders.push(PathBuf::from("/tmp"));
        SocketOptions { folders, group: self.socket_group.clone() }
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("cookie_shown", &self.cookie_shown)
            .field("versions", &self.versions)
            .field("client_certificate", &self.client_certificate.is_some())
            .finish_non_exhaustive()
    }
}

fn folder(value: OsString) -> Option<PathBuf> {
    Some(value).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: Plugin = Plugin {
        cookie_name: "COOKIE",
        cookie_value: "crumbs",
        protocol: 6,
        reattach_variable: "REATTACH",
        address: "example.org/a/b",
        name: "plugin",
        version: "0",
        manual_start_text: "",
    };

    fn launch(variables: &[(&str, &str)]) -> Launch {
        Launch::from_variables(&PLUGIN, variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn only_the_right_cookie_counts() {
        assert!(launch(&[("COOKIE", "crumbs")]).shows_cookie());
        for wrong in [&[][..], &[("COOKIE", "")], &[("COOKIE", "crumbs ")], &[("cookie", "crumbs")]] {
            assert!(!launch(wrong).shows_cookie(), "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_certificate_variable_still_means_tls() {
        assert!(launch(&[("PLUGIN_CLIENT_CERT", "")]).client_certificate().is_some());
        assert!(launch(&[]).client_certificate().is_none());
    }

    #[test]
    fn the_socket_folder_is_the_hosts_then_the_users_then_tmp() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let folders = launch(variables).socket_options().folders;
            assert_eq!(folders, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{variables:?}");
        };
        check(&[], &["/tmp"]);
        check(&[("TMPDIR", "/t")], &["/t", "/tmp"]);
        check(&[("TMPDIR", "")], &["/tmp"]);
        check(&[("TMPDIR", "/t"), ("PLUGIN_UNIX_SOCKET_DIR", "/s")], &["/s", "/tmp"]);
    }

    #[test]
    fn any_value_asks_for_the_seventh_field() {
        assert!(launch(&[("PLUGIN_MULTIPLEX_GRPC", "")]).asks_for_multiplexing());
        assert!(!launch(&[]).asks_for_multiplexing());
    }
}
