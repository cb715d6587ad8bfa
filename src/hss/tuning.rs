//! How the provider deals with the vendor's quota: arguments of its own, which the `huaweicloud` provider has not.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    client::Rate,
    framework::{
        diag::{Diagnostic, Diagnostics},
        duration,
        model::Attr,
        path::Path,
    },
};

/// How a refresh asks.
pub const REFRESH: Path = Path::root("refresh");
/// Whether plans are checked against what HSS says.
pub const PREFLIGHT: Path = Path::root("preflight");
/// A quota that is never passed.
pub const CALL_LIMIT: Path = Path::root("call_limit");

/// The description of `refresh`.
pub const REFRESH_TEXT: &str = "How a refresh asks HSS. `auto` (the default) asks the first few servers themselves and reads further ones from two shared lists, \
     so that thousands cost a handful of calls; the lists lack `backup_addr`, so an address that was changed outside of Terraform is not seen there. \
     `exact` asks each server, at one call each. Environment: `HSS_REFRESH`.";
/// The description of `preflight`.
pub const PREFLIGHT_TEXT: &str = "Whether a plan that creates or re-points something looks at what HSS says of the servers, and warns of what would make the apply fail. \
     The default is `true`. Environment: `HSS_PREFLIGHT`.";
/// The description of `call_limit`.
pub const CALL_LIMIT_TEXT: &str = "Calls of one operation never to be exceeded, as in `5/1m`, for a quota that is shared with others. By default calls go at full speed until \
     HSS refuses one for its quota, and then at the pace that HSS names. Environment: `HSS_CALL_LIMIT`.";

/// Whether the text names a way to refresh.
pub fn is_refresh(text: &str) -> Result<(), String> {
    match text {
        "auto" | "exact" => Ok(()),
        _ => Err(format!("{text:?} is no way to refresh. Write \"auto\" or \"exact\".")),
    }
}

/// Whether the text is a limit.
pub fn is_call_limit(text: &str) -> Result<(), String> {
    call_limit(text).map(drop).ok_or_else(|| {
        format!(
            "{text:?} is no limit. Write a number of calls and a duration between 1s and 24h, as in \"5/1m\"."
        )
    })
}

/// Reads `5/1m`: at least one call, in one second to 24 hours.
pub fn call_limit(text: &str) -> Option<Rate> {
    let (calls, window) = text.split_once('/')?;
    let calls: u32 = calls.parse().ok().filter(|calls| *calls > 0)?;
    let window = duration::parse(window)?;
    let day = Duration::from_secs(24 * 3600);
    (Duration::from_secs(1)..=day).contains(&window).then_some(Rate { calls, window })
}

/// What the three come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Each server is asked itself.
    pub exact_refresh: bool,
    /// Plans are checked against what HSS says.
    pub preflight: bool,
    /// Calls of one operation that are never to be exceeded.
    pub call_limit: Option<Rate>,
}

impl Tuning {
    /// Puts arguments and environment together. What is not known yet is named in `unknown`.
    pub fn resolve(
        [refresh, call_limit]: [Attr<String>; 2],
        preflight: Attr<bool>,
        environment: &BTreeMap<String, String>,
        unknown: &mut Vec<&'static str>,
        diagnostics: &mut Diagnostics,
    ) -> Tuning {
        let mut text =
            |value: Attr<String>, name, variable, check: fn(&str) -> Result<(), String>| match value {
                Attr::Known(value) => Some(value),
                Attr::Unknown => {
                    unknown.push(name);
                    None
                }
                Attr::Null => {
                    let value = environment.get(variable).filter(|value| !value.is_empty())?;
                    if let Err(why) = check(value) {
                        let summary = format!("The environment variable {variable} cannot be used");
                        diagnostics.push(Diagnostic::error(summary, why));
                        return None;
                    }
                    Some(value.clone())
                }
            };
        let refresh = text(refresh, "refresh", "HSS_REFRESH", is_refresh);
        let limit = text(call_limit, "call_limit", "HSS_CALL_LIMIT", is_call_limit);
        let switch = match preflight {
            Attr::Known(switch) => Attr::Known(switch.to_string()),
            Attr::Unknown => Attr::Unknown,
            Attr::Null => Attr::Null,
        };
        let preflight = text(switch, "preflight", "HSS_PREFLIGHT", |text| {
            matches!(text, "true" | "false")
                .then_some(())
                .ok_or_else(|| format!("It holds {text:?}. Write true or false."))
        });
        Tuning {
            exact_refresh: refresh.as_deref() == Some("exact"),
            preflight: preflight.as_deref() != Some("false"),
            call_limit: limit.as_deref().and_then(self::call_limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_calls_in_a_time() {
        let read = |text| call_limit(text).map(|rate| (rate.calls, rate.window.as_secs()));
        assert_eq!(read("5/1m"), Some((5, 60)));
        assert_eq!(read("600/1m0s"), Some((600, 60)));
        for wrong in ["", "5", "5/", "/1m", "0/1m", "5/0s", "5/25h", "-1/1m", "5/1m/1m", "5/500ms"] {
            assert_eq!(read(wrong), None, "{wrong}");
            assert!(is_call_limit(wrong).is_err());
        }
        assert!(is_refresh("auto").is_ok() && is_refresh("Exact").is_err());
    }

    #[test]
    fn the_block_wins_over_the_environment() {
        let resolve = |refresh: Attr<String>, variables: &[(&str, &str)]| {
            let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let (mut unknown, mut diagnostics) = (Vec::new(), Diagnostics::default());
            let found = Tuning::resolve(
                [refresh, Attr::Null],
                Attr::Null,
                &environment.collect(),
                &mut unknown,
                &mut diagnostics,
            );
            (found, unknown, diagnostics.iter().map(|d| d.summary.clone()).collect::<Vec<_>>())
        };
        let plain = Tuning { exact_refresh: false, preflight: true, call_limit: None };
        assert_eq!(resolve(Attr::Null, &[("HSS_REFRESH", "")]), (plain, vec![], vec![]));
        let set = [("HSS_REFRESH", "exact"), ("HSS_PREFLIGHT", "false"), ("HSS_CALL_LIMIT", "5/1m")];
        let rate = Rate { calls: 5, window: Duration::from_secs(60) };
        let all = Tuning { exact_refresh: true, preflight: false, call_limit: Some(rate) };
        assert_eq!(resolve(Attr::Null, &set), (all, vec![], vec![]));
        let auto = Tuning { exact_refresh: false, ..all };
        assert_eq!(resolve(Attr::Known("auto".to_owned()), &set), (auto, vec![], vec![]));
        assert_eq!(resolve(Attr::Unknown, &[]), (plain, vec!["refresh"], vec![]));
        let (_, _, said) = resolve(Attr::Null, &[("HSS_CALL_LIMIT", "5")]);
        assert_eq!(said, ["The environment variable HSS_CALL_LIMIT cannot be used"]);
    }
}
