//! How knobs are read and written: one row per knob, from which the command line, `/_sim/knobs` and the help are made.
//! What each means stands in `knobs`.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{
    faults,
    knobs::{Knobs, ListOrder, Metadata, ShowOff, StartSequence},
    operations,
    storm::Storm,
    world::{FAILED, NOT_STARTED, RUNNING},
};

/// One knob: its name, the values to show in help, and how it is read and written.
struct Row {
    name: &'static str,
    values: &'static str,
    setting: Setting,
}

enum Setting {
    /// Off is the first word, on the second.
    Flag([&'static str; 2], fn(&mut Knobs) -> &mut bool),
    /// Milliseconds, seconds, a count or a seed.
    Number(fn(&mut Knobs) -> &mut u64),
    Other(fn(&mut Knobs, &str) -> Result<(), String>, fn(&Knobs) -> Value),
}

use Setting::{Flag, Number, Other};

const ACCEPT: [&str; 2] = ["refuse", "accept"];
const REFUSE: [&str; 2] = ["accept", "refuse"];
const SWITCH: [&str; 2] = ["off", "on"];
const SEQUENCES: &[(&str, StartSequence)] = &[
    ("starting", StartSequence::Starting),
    ("not_started", StartSequence::NotStarted),
    ("straight", StartSequence::Straight),
    ("stuck", StartSequence::Stuck),
    ("stale", StartSequence::Stale),
];
const SHOWS: &[(&str, ShowOff)] = &[
    ("false", ShowOff::False),
    ("empty", ShowOff::Empty),
    ("blank", ShowOff::Blank),
    ("stale", ShowOff::Stale),
];
const ORDERS: &[(&str, ListOrder)] =
    &[("stable", ListOrder::Stable), ("shuffled", ListOrder::Shuffled), ("inserting", ListOrder::Inserting)];
const METADATA: &[(&str, Metadata)] = &[
    ("optional", Metadata::Optional),
    ("required", Metadata::Required),
    ("unsupported", Metadata::Unsupported),
    ("no_agency", Metadata::NoAgency),
    ("off", Metadata::Off),
];
const RESULTS: &[(&str, i64)] = &[("running", RUNNING), ("failed", FAILED), ("not_started", NOT_STARTED)];

const fn row(name: &'static str, values: &'static str, setting: Setting) -> Row {
    Row { name, values, setting }
}

const ROWS: &[Row] = &[
    row("throttle", "CALLS/SECONDS or empty", Other(set_throttle, show_throttle)),
    row(
        "retry_after",
        "SECONDS or empty",
        Other(
            |knobs, text| optional_number(text).map(|it| knobs.retry_after = it),
            |knobs| json!(knobs.retry_after),
        ),
    ),
    row("latency_ms", "N or MIN-MAX", Other(set_latency, show_latency)),
    row("start_after_ms", "N", Number(|knobs| &mut knobs.start_after_ms)),
    row(
        "start_result",
        "running, failed, not_started or a number",
        Other(set_start_result, |knobs| word(RESULTS, knobs.start_result, json!(knobs.start_result))),
    ),
    row(
        "start_sequence",
        "starting, not_started, straight, stuck, stale",
        Other(
            |knobs, text| choose(SEQUENCES, text).map(|it| knobs.start_sequence = it),
            |knobs| word(SEQUENCES, knobs.start_sequence, Value::Null),
        ),
    ),
    row("write_body", "empty, {}", Flag(["empty", "{}"], |knobs| &mut knobs.write_object)),
    row("put_unknown_host", "refuse, accept", Flag(ACCEPT, |knobs| &mut knobs.put_unknown_accepted)),
    row("put_windows", "refuse, accept", Flag(ACCEPT, |knobs| &mut knobs.put_windows_accepted)),
    row("put_agent", "refuse, accept", Flag(ACCEPT, |knobs| &mut knobs.put_agent_accepted)),
    row("delete_non_running", "accept, refuse", Flag(REFUSE, |knobs| &mut knobs.delete_non_running_refused)),
    row("delete_unknown", "accept, refuse", Flag(REFUSE, |knobs| &mut knobs.delete_unknown_refused)),
    row("delete_in_use", "accept, refuse", Flag(REFUSE, |knobs| &mut knobs.delete_in_use_refused)),
    row("delete_visible_after_ms", "N", Number(|knobs| &mut knobs.delete_visible_after_ms)),
    row("set_non_running", "refuse, accept", Flag(ACCEPT, |knobs| &mut knobs.set_non_running_accepted)),
    row("set_agent", "refuse, accept", Flag(ACCEPT, |knobs| &mut knobs.set_agent_accepted)),
    row("set_off", "accept, refuse", Flag(REFUSE, |knobs| &mut knobs.set_off_refused)),
    row("set_refused", "hss, 00000010", Flag(["hss", "00000010"], |knobs| &mut knobs.set_refused_bare)),
    row(
        "show_off",
        "false, empty, blank, stale",
        Other(
            |knobs, text| choose(SHOWS, text).map(|it| knobs.show_off = it),
            |knobs| word(SHOWS, knobs.show_off, Value::Null),
        ),
    ),
    row("address_change", "keep, follow", Flag(["keep", "follow"], |knobs| &mut knobs.address_follows)),
    row("wtp_off", "clears, keeps", Flag(["clears", "keeps"], |knobs| &mut knobs.wtp_off_keeps)),
    row("wtp_opening_ms", "N", Number(|knobs| &mut knobs.wtp_opening_ms)),
    row(
        "list_order",
        "stable, shuffled, inserting",
        Other(
            |knobs, text| choose(ORDERS, text).map(|it| knobs.list_order = it),
            |knobs| word(ORDERS, knobs.list_order, Value::Null),
        ),
    ),
    row("list_lag_ms", "N", Number(|knobs| &mut knobs.list_lag_ms)),
    row("extra_fields", "off, on", Flag(SWITCH, |knobs| &mut knobs.extra_fields)),
    row("null_fields", "off, on", Flag(SWITCH, |knobs| &mut knobs.null_fields)),
    row("missing_fields", "off, on", Flag(SWITCH, |knobs| &mut knobs.missing_fields)),
    row("missing_backup_host_id", "off, on", Flag(SWITCH, |knobs| &mut knobs.missing_backup_host_id)),
    row("token_ttl_s", "SECONDS", Number(|knobs| &mut knobs.token_ttl_s)),
    row(
        "keys_ttl_s",
        "SECONDS or empty",
        Other(
            |knobs, text| optional_number(text).map(|it| knobs.keys_ttl_s = it),
            |knobs| json!(knobs.keys_ttl_s),
        ),
    ),
    row("clock_offset_s", "N or -N", Other(set_clock_offset, |knobs| json!(knobs.clock_offset_s))),
    row("lock_after", "N, 0 for never", Number(|knobs| &mut knobs.lock_after)),
    row("lock_s", "SECONDS", Number(|knobs| &mut knobs.lock_s)),
    row(
        "domain_header",
        "required, optional",
        Flag(["required", "optional"], |knobs| &mut knobs.domain_header_optional),
    ),
    row("auth_domains", "shown, hidden", Flag(["shown", "hidden"], |knobs| &mut knobs.auth_domains_hidden)),
    row(
        "metadata",
        "optional, required, unsupported, no_agency, off",
        Other(
            |knobs, text| choose(METADATA, text).map(|it| knobs.metadata = it),
            |knobs| word(METADATA, knobs.metadata, Value::Null),
        ),
    ),
    row("deny", "OPERATION,… or empty", Other(set_deny, |knobs| json!(knobs.deny.join(",")))),
    row(
        "fault",
        "OPERATION:KIND[:WHEN],… or empty",
        Other(
            |knobs, text| faults::parse(text).map(|rules| knobs.fault = rules),
            |knobs| json!(faults::render(&knobs.fault)),
        ),
    ),
    row(
        "storm",
        "PERCENT%KIND+KIND… or empty",
        Other(
            |knobs, text| Storm::parse(text).map(|storm| knobs.storm = storm),
            |knobs| json!(knobs.storm.render()),
        ),
    ),
    row("slow_ms", "N", Number(|knobs| &mut knobs.slow_ms)),
    row("seed", "N", Number(|knobs| &mut knobs.seed)),
];

impl Knobs {
    /// Sets one knob from text. The error names the knob and the values it takes.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        let row = find(name)?;
        let outcome = match &row.setting {
            Flag(words, field) => match words.iter().position(|word| *word == text) {
                Some(at) => {
                    *field(self) = at == 1;
                    Ok(())
                }
                None => Err(String::new()),
            },
            Number(field) => number(text).map(|number| *field(self) = number),
            Other(set, _) => set(self, text),
        };
        outcome.map_err(|reason| {
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            format!("knob {name}: \"{text}\" is not one of its values: {}{reason}", row.values)
        })
    }

    /// Sets several at once from a JSON object; on an error none is changed.
    pub fn patch(&mut self, changes: &Map<String, Value>) -> Result<(), String> {
        let mut changed = self.clone();
        for (name, value) in changes {
            changed.set(name, &text_of(name, value)?)?;
        }
        *self = changed;
        Ok(())
    }

    /// All knobs as a JSON object.
    pub fn to_json(&self) -> Value {
        Value::Object(ROWS.iter().map(|row| (row.name.to_owned(), row.show(self))).collect())
    }

    /// The table for `--help`.
    pub fn help() -> String {
        let defaults = Self::default();
        let mut text = String::new();
        for row in ROWS {
            let default = plain(&row.show(&defaults));
            let default = if default.is_empty() { "empty" } else { &default };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {:<24} {} [{default}]", row.name, row.values);
        }
        let _ = writeln!(text, "\nKinds of fault: {}", faults::KINDS);
        text
    }
}

impl Row {
    fn show(&self, knobs: &Knobs) -> Value {
        match &self.setting {
            Flag(words, field) => json!(words[usize::from(*field(&mut knobs.clone()))]),
            Number(field) => json!(*field(&mut knobs.clone())),
            Other(_, show) => show(knobs),
        }
    }
}

fn find(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        format!("no knob \"{name}\"; there are {}", names.join(", "))
    })
}

/// JSON as the text `set` takes: lists are joined by commas, `null` is the default.
fn text_of(name: &str, value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null => plain(&find(name)?.show(&Knobs::default())),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Bool(true) if matches!(find(name)?.setting, Flag(SWITCH, _)) => "on".to_owned(),
        Value::Bool(false) if matches!(find(name)?.setting, Flag(SWITCH, _)) => "off".to_owned(),
        other => plain(other),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn choose<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, String> {
    given(words.iter().find(|(word, _)| *word == text).map(|(_, it)| *it))
}

fn word<T: Copy + PartialEq>(words: &[(&str, T)], it: T, otherwise: Value) -> Value {
    words.iter().find(|(_, other)| *other == it).map_or(otherwise, |(word, _)| json!(word))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number".to_owned())
}

/// Absence as an error without a text of its own: the list of values says it all.
fn given<T>(value: Option<T>) -> Result<T, String> {
    value.ok_or_else(String::new)
}

fn set_throttle(knobs: &mut Knobs, text: &str) -> Result<(), String> {
    knobs.throttle = match text {
        "" => None,
        text => {
            let (calls, seconds) = given(text.split_once('/'))?;
            let limits = (number(calls)?, number(seconds)?);
            Some(given(Some(limits).filter(|(calls, seconds)| *calls > 0 && *seconds > 0))?)
        }
    };
    Ok(())
}

fn show_throttle(knobs: &Knobs) -> Value {
    json!(knobs.throttle.map_or_else(String::new, |(calls, seconds)| format!("{calls}/{seconds}")))
}

fn optional_number(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() { Ok(None) } else { number(text).map(Some) }
}

/// Up to ten years either way, so that no date overflows.
fn set_clock_offset(knobs: &mut Knobs, text: &str) -> Result<(), String> {
    const MOST: i64 = 10 * 365 * 24 * 60 * 60;
    let offset = text.parse().ok().filter(|it| (-MOST..=MOST).contains(it));
    knobs.clock_offset_s = given(offset)?;
    Ok(())
}

fn set_latency(knobs: &mut Knobs, text: &str) -> Result<(), String> {
    let (least, greatest) = text.split_once('-').unwrap_or((text, text));
    let range = (number(least)?, number(greatest)?);
    knobs.latency_ms = given(Some(range).filter(|(least, greatest)| least <= greatest))?;
    Ok(())
}

fn show_latency(knobs: &Knobs) -> Value {
    match knobs.latency_ms {
        (least, greatest) if least == greatest => json!(least),
        (least, greatest) => json!(format!("{least}-{greatest}")),
    }
}

fn set_start_result(knobs: &mut Knobs, text: &str) -> Result<(), String> {
    let number = || text.parse::<i32>().map(i64::from).map_err(|_| String::new());
    knobs.start_result = choose(RESULTS, text).or_else(|_| number())?;
    Ok(())
}

fn set_deny(knobs: &mut Knobs, text: &str) -> Result<(), String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let named = |name| operations::named(name).ok_or_else(|| format!("no operation \"{name}\""));
    knobs.deny = names.map(named).collect::<Result<_, _>>()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_and_every_knob_is_documented() {
        let documents = include_str!("knobs.rs");
        for (name, value) in Knobs::default().to_json().as_object().unwrap() {
            let mut knobs = Knobs::default();
            knobs.set(name, &plain(value)).unwrap();
            assert_eq!(knobs.to_json(), Knobs::default().to_json(), "{name}");
            assert!(documents.contains(&format!("//! | `{name}` |")), "{name} is missing in the table");
        }
    }

    #[test]
    fn values_are_checked() {
        let check = |name: &str, text: &str, expected: Result<Value, &str>| {
            let mut knobs = Knobs::default();
            match (knobs.set(name, text), expected) {
                (Ok(()), Ok(value)) => assert_eq!(knobs.to_json()[name], value, "{name}={text}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                (got, expected) => panic!("{name}={text}: {got:?}, expected {expected:?}"),
            }
        };
        check("throttle", "5/60", Ok(json!("5/60")));
        check("throttle", "5", Err("CALLS/SECONDS"));
        check("throttle", "0/1", Err("CALLS/SECONDS"));
        check("latency_ms", "5-20", Ok(json!("5-20")));
        check("latency_ms", "7", Ok(json!(7)));
        check("latency_ms", "9-1", Err("MIN-MAX"));
        check("start_result", "-1", Ok(json!("failed")));
        check("start_result", "3", Ok(json!(3)));
        check(
            "deny",
            "ListWtpProtectHost, SetRemoteBackupInfo",
            Ok(json!("ListWtpProtectHost,SetRemoteBackupInfo")),
        );
        check("deny", "Everything", Err("no operation \"Everything\""));
        check("wtp_off", "keeps", Ok(json!("keeps")));
        check("wtp_off", "kept", Err("clears, keeps"));
        check("latency", "5", Err("no knob \"latency\""));
    }

    #[test]
    fn a_patch_changes_all_or_nothing() {
        let mut knobs = Knobs::default();
        let wrong = json!({"start_after_ms": 5, "wtp_off": "no"});
        assert!(knobs.patch(wrong.as_object().unwrap()).is_err());
        assert_eq!(knobs.start_after_ms, 300);
        let right = json!({"start_after_ms": 5, "extra_fields": true, "throttle": "5/2"});
        knobs.patch(right.as_object().unwrap()).unwrap();
        assert!(knobs.extra_fields && knobs.start_after_ms == 5);
        knobs.patch(json!({"throttle": null}).as_object().unwrap()).unwrap();
        assert_eq!(knobs.throttle, None);
    }
}
