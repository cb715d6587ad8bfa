//! Faults to inject: which call is hit, how, and how often.
//!
//! A rule reads `OPERATION:KIND[:WHEN]`. It is consulted after a call was authenticated and let through, so a
//! fault never hides a wrong signature.

use super::{chance::Chance, operations};

/// One rule of the `fault` knob.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// `None` hits every operation.
    operation: Option<&'static str>,
    fault: Fault,
    when: When,
}

/// What happens instead of, or after, the operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    /// The operation took effect first: the answer is what gets lost.
    pub(super) after: bool,
}

/// How the answer is spoiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A status of the gateway with its usual body.
    Status(u16),
    /// 502 with the gateway's JSON instead of a proxy's HTML.
    BadGatewayJson,
    /// HTTP 400 with a code of HSS.
    Code(String),
    /// The connection is reset without an answer.
    Reset,
    /// The headers promise more body than comes.
    Truncated,
    /// 200, but the body is not JSON.
    NotJson,
    /// 200, and the body is this JSON, which is not what was asked for.
    Other(&'static str),
    /// 200 without a body.
    Bodiless,
    /// A good answer that comes late; the knob `slow_ms` says by how much.
    Slow,
    /// A good answer, with a status in it that no document knows.
    NewStatus,
}

#[derive(Clone, Debug, PartialEq)]
enum When {
    Always,
    /// Lets `skip` calls pass, hits `left`, then is gone.
    Times {
        skip: u64,
        left: u64,
    },
    /// Hits this share of the calls, 1 to 100.
    Percent(u64),
}

const STATUSES: &[u16] = &[401, 403, 404, 429, 500, 502, 503, 504];

/// The kinds as the help lists them.
pub(super) const KINDS: &str = "401, 403, 404, 429, 500, 502 (HTML), 502-json, 503, 504, HSS.nnnn or 00000010 (HTTP 400); \
    each also with -after (takes effect first); reset-before, reset-after; and after the effect: truncated, not-json, null, \
    array, wrong-types, bodiless, slow, new-status";

/// Kinds that have a name of their own, with what they do. All but the first come after the effect.
const NAMED: &[(&str, Kind)] = &[
    ("reset-before", Kind::Reset),
    ("reset-after", Kind::Reset),
    ("truncated", Kind::Truncated),
    ("not-json", Kind::NotJson),
    ("null", Kind::Other("null")),
    ("array", Kind::Other("[]")),
    ("wrong-types", Kind::Other(WRONG_TYPES)),
    ("bodiless", Kind::Bodiless),
    ("slow", Kind::Slow),
    ("new-status", Kind::NewStatus),
];

/// Every member that clients read, each of a type it never has.
const WRONG_TYPES: &str = r#"{"total_num":"many","data_list":{"0":{}},"remote_backup":"yes","backup_host_id":7,"projects":"none","token":[]}"#;

/// Reads a comma-separated list of rules.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, String> {
    text.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(rule).collect()
}

fn rule(text: &str) -> Result<Rule, String> {
    let wrong = |what: &str| format!("\"{text}\": {what}");
    let mut parts = text.splitn(3, ':');
    let operation = match parts.next().unwrap_or_default() {
        "*" => None,
        name => Some(operations::named(name).ok_or_else(|| wrong("no such operation (or * for all)"))?),
    };
    let kind = parts.next().ok_or_else(|| wrong("expected OPERATION:KIND[:WHEN]"))?;
    let fault = fault(kind).ok_or_else(|| wrong(&format!("the kind must be one of {KINDS}")))?;
    let when = match parts.next() {
        None => When::Always,
        Some(when) => parse_when(when).ok_or_else(|| wrong("WHEN is N, SKIP+N or P%"))?,
    };
    Ok(Rule { operation, fault, when })
}

/// The fault of this name.
pub(super) fn fault(text: &str) -> Option<Fault> {
    let fixed = |kind, after| Some(Fault { kind, after });
    if let Some((name, kind)) = NAMED.iter().find(|(name, _)| *name == text) {
        return fixed(kind.clone(), *name != "reset-before");
    }
    let (name, after) = text.strip_suffix("-after").map_or((text, false), |name| (name, true));
    let kind = match name {
        "502-json" => Kind::BadGatewayJson,
        "00000010" => Kind::Code(name.to_owned()),
        code if code.starts_with("HSS.") => Kind::Code(name.to_owned()),
        status => Kind::Status(status.parse().ok().filter(|status| STATUSES.contains(status))?),
    };
    fixed(kind, after)
}

fn parse_when(text: &str) -> Option<When> {
    if let Some(percent) = text.strip_suffix('%') {
        return percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(When::Percent);
    }
    let (skip, left) = text.split_once('+').unwrap_or(("0", text));
    let left = left.parse().ok().filter(|left| *left > 0)?;
    Some(When::Times { skip: skip.parse().ok()?, left })
}

/// The fault for this call, if one is due. A rule that has been used up is dropped.
pub(super) fn next(rules: &mut Vec<Rule>, operation: &str, chance: &mut Chance) -> Option<Fault> {
    let at = rules
        .iter_mut()
        .position(|rule| rule.operation.is_none_or(|name| name == operation) && rule.when.is_due(chance))?;
    let fault = rules[at].fault.clone();
    if matches!(rules[at].when, When::Times { left: 0, .. }) {
        rules.remove(at);
    }
    Some(fault)
}

impl When {
    fn is_due(&mut self, chance: &mut Chance) -> bool {
        match self {
            Self::Always => true,
            Self::Percent(percent) => chance.below(100) < *percent,
            Self::Times { skip, .. } if *skip > 0 => {
                *skip -= 1;
                false
            }
            Self::Times { left, .. } => {
                *left -= 1;
                true
            }
        }
    }
}

/// The rules as text again, with what is left of each.
pub(super) fn render(rules: &[Rule]) -> String {
    rules.iter().map(Rule::render).collect::<Vec<_>>().join(",")
}

impl Fault {
    /// The name it is asked for by.
    pub(super) fn name(&self) -> String {
        let before = |name: &str| name == "reset-before";
        if let Some((name, _)) =
            NAMED.iter().find(|(name, kind)| *kind == self.kind && before(name) != self.after)
        {
            return (*name).to_owned();
        }
        let name = match &self.kind {
            Kind::Status(status) => status.to_string(),
            Kind::Code(code) => code.clone(),
            _ => "502-json".to_owned(),
        };
        if self.after { format!("{name}-after") } else { name }
    }
}

impl Rule {
    fn render(&self) -> String {
        let kind = self.fault.name();
        let when = match self.when {
            When::Always => String::new(),
            When::Times { skip: 0, left } => format!(":{left}"),
            When::Times { skip, left } => format!(":{skip}+{left}"),
            When::Percent(percent) => format!(":{percent}%"),
        };
        format!("{}:{kind}{when}", self.operation.unwrap_or("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_as_they_were_written() {
        let text =
            "*:503,ListBackupHostsInfo:502-json:3,SetRemoteBackupInfo:HSS.1006-after:2+1,*:reset-after:10%";
        assert_eq!(render(&parse(text).unwrap()), text);
        let named: Vec<String> = NAMED.iter().map(|(name, _)| format!("*:{name}")).collect();
        assert_eq!(render(&parse(&named.join(",")).unwrap()), named.join(","));
        for wrong in ["x:500", "*:418", "*", "*:500:0", "*:500:101%", "*:500:a+1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_skips_then_hits_then_is_gone() {
        let mut chance = Chance::new(1);
        let mut rules = parse("ListBackupHostsInfo:500:1+2").unwrap();
        let mut hits = |operation| next(&mut rules, operation, &mut chance).is_some();
        assert!(!hits("UpdateBackupHostInfo"));
        let seen: Vec<bool> = (0..4).map(|_| hits("ListBackupHostsInfo")).collect();
        assert_eq!(seen, [false, true, true, false]);
        assert!(rules.is_empty());
    }
}
