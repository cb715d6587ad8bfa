//! Log lines as go-plugin hosts read them: one JSON object a line on stderr, in the form of hclog.
//!
//! Only what this program says itself is written: events whose target begins with `provider`. Hosts crash on lines
//! whose reserved keys have the wrong type, so foreign events never get the chance.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::{self, Write as _},
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan};

use crate::clock::{Clock, SystemClock};

/// Hosts read lines of at most 64 KiB. Half of that leaves room for what they add.
const LINE_LIMIT: usize = 32 << 10;
/// One value may take this much of a line, so that one long body does not drive out the rest.
const VALUE_LIMIT: usize = 8 << 10;
/// Stands where a text was cut.
const CUT: &str = "… (cut)";

/// Six digits exactly, or the host shows the line raw.
const TIMESTAMP: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Installs the log for the whole process, at the level the environment asks for. When it asks for none, nothing is
/// installed and events cost nothing.
///
/// `provider_type` is the part of the variable's name that stands for this provider, in upper case.
pub fn init(provider_type: &str, variable: impl Fn(&str) -> Option<OsString>) {
    if let Some(level) = asked_level(provider_type, variable) {
        let layer = HclogLayer::new(level, SystemClock, io::stderr());
        // Fails only if a log is installed already, which then stays.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
    }
}

/// The level asked for: the narrowest variable that is set decides, and may say `OFF`.
fn asked_level(provider_type: &str, variable: impl Fn(&str) -> Option<OsString>) -> Option<Level> {
    let names = [format!("TF_LOG_PROVIDER_{provider_type}"), "TF_LOG_PROVIDER".into(), "TF_LOG".into()];
    let value = names.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())?;
    match value.to_string_lossy().to_ascii_uppercase().as_str() {
        "OFF" => None,
        "ERROR" => Some(Level::ERROR),
        "WARN" => Some(Level::WARN),
        "INFO" => Some(Level::INFO),
        "DEBUG" => Some(Level::DEBUG),
        // `TRACE`, `JSON`, and like the host itself also what it cannot read.
        _ => Some(Level::TRACE),
    }
}

/// Writes events, with the fields of the spans they are in.
struct HclogLayer<C, W> {
    level: Level,
    clock: C,
    out: Mutex<W>,
}

impl<C: Clock, W: Write + Send + 'static> HclogLayer<C, W> {
    fn new(level: Level, clock: C, out: W) -> Self {
        Self { level, clock, out: Mutex::new(out) }
    }

    /// Spans of any level count: they only lend their fields.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("provider");
        if metadata.is_span() {
            ours || metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
        } else {
            ours && *metadata.level() <= self.level
        }
    }

    fn line(&self, event: &Event<'_>, mut fields: Fields) -> String {
        event.record(&mut fields);
        let metadata = event.metadata();
        let timestamp = OffsetDateTime::from(self.clock.now()).format(TIMESTAMP).unwrap_or_default();
        let level = match *metadata.level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let mut line = format!("{{\"@level\":\"{level}\",\"@timestamp\":\"{timestamp}\",\"@module\":");
        push_text(&mut line, metadata.target(), VALUE_LIMIT);
        line.push_str(",\"@message\":");
        push_text(&mut line, &fields.message, VALUE_LIMIT);
        for (name, value) in &fields.values {
            let room = LINE_LIMIT.saturating_sub(line.len() + name.len() + CUT.len() + 48);
            if room < 64 {
                line.push_str(",\"fields_cut\":true");
                break;
            }
            line.push(',');
            push_text(&mut line, name, VALUE_LIMIT);
            line.push(':');
            match value {
                Value::Json(json) => line.push_str(json),
                Value::Text(text) => push_text(&mut line, text, VALUE_LIMIT.min(room)),
            }
        }
        line.push_str("}\n");
        line
    }
}

impl<S, C, W> Layer<S> for HclogLayer<C, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    C: Clock,
    W: Write + Send + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        // From the outermost inwards: what is said closer to the event wins.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.values.extend(of_span.values.clone());
            }
        }
        let line = self.line(event, fields);
        // One write a line, so that lines never mix. A host that no longer listens is no reason to fail.
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}

/// What was said, by name. Names are sorted, so that equal events give equal lines.
#[derive(Default)]
struct Fields {
    message: String,
    values: BTreeMap<&'static str, Value>,
}

#[derive(Clone)]
enum Value {
    /// A number or a truth value, as it is to be written.
    Json(String),
    Text(String),
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text)) => self.message = text,
            // Names with `@` are the host's own, and must not be given another meaning.
            (name, value) => {
                let _ = self.values.insert(name.trim_start_matches('@'), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::Text(format!("{value:?}")));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Json(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Json(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Json(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no words for infinities.
        let text = value.to_string();
        self.add(field, if value.is_finite() { Value::Json(text) } else { Value::Text(text) });
    }
}

/// Appends `text` as a JSON string of about `room` bytes at most.
fn push_text(line: &mut String, text: &str, room: usize) {
    line.push('"');
    let end = line.len() + room;
    for character in text.chars() {
        if line.len() >= end {
            line.push_str(CUT);
            break;
        }
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // Terminals obey control characters and some readers end lines at the Unicode ones.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        time::{Duration, Instant, SystemTime},
    };

    use serde_json::json;

    use super::*;
    use crate::clock::Pending;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_nanos(1_000_000_001_002_003_999)
        }
        fn instant(&self) -> Instant {
            SystemClock.instant()
        }
        fn sleep(&self, _: Duration) -> Pending<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `say` writes at `level`, each write once checked to be one line of JSON within the limit.
    fn written(level: Level, say: impl FnOnce()) -> Vec<serde_json::Value> {
        let out = Written::default();
        let layer = HclogLayer::new(level, Fixed, out.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let writes = std::mem::take(&mut *out.0.lock().unwrap());
        let line = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.len() <= LINE_LIMIT, "{} bytes", text.len());
            assert_eq!(text.find('\n'), Some(text.len() - 1), "{text}");
            serde_json::from_str(&text).unwrap()
        };
        writes.into_iter().map(line).collect()
    }

    #[test]
    fn a_line_has_the_hosts_keys_and_all_fields() {
        let lines = written(Level::DEBUG, || {
            let _outer = tracing::info_span!("rpc", tf_rpc = "Plan", who = "span").entered();
            let inner =
                tracing::trace_span!(target: "provider", "call", late = tracing::field::Empty).entered();
            inner.record("late", 7);
            tracing::debug!(target: "provider.http", who = "event", ok = true, part = 0.5, "two\n\"lines\"");
        });
        assert_eq!(
            lines,
            [json!({
                "@level": "debug", "@message": "two\n\"lines\"", "@module": "provider.http",
                "@timestamp": "2001-09-09T01:46:41.002003Z",
                "tf_rpc": "Plan", "who": "event", "late": 7, "ok": true, "part": 0.5,
            })]
        );
    }

    #[test]
    fn only_our_events_of_the_asked_level_are_written() {
        let lines = written(Level::INFO, || {
            tracing::debug!(target: "provider", "too fine");
            tracing::error!(target: "h2::server", "not ours");
            tracing::error!("nor this, which names no target");
            tracing::warn!(target: "provider", "kept");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["@message"], "kept");
    }

    #[test]
    fn reserved_keys_cannot_be_taken() {
        let lines = written(Level::TRACE, || {
            tracing::info!(target: "provider", { "@level" = 1, "@timestamp" = "x", "@module" = true }, "text");
        });
        assert_eq!(lines[0]["@level"], "info");
        assert_eq!(lines[0]["@module"], "provider");
        assert_eq!(lines[0]["@timestamp"], "2001-09-09T01:46:41.002003Z");
        assert_eq!(lines[0]["level"], 1);
    }

    #[test]
    fn long_lines_are_cut_and_stay_json() {
        let lines = written(Level::TRACE, || {
            let long = "\u{1}ä\"".repeat(40_000);
            tracing::info!(target: "provider", a = long, b = long, c = long, d = long, e = long, f = 1, "{long}");
        });
        assert!(lines[0]["a"].as_str().unwrap().ends_with(CUT));
        assert_eq!(lines[0]["fields_cut"], true);
    }

    #[test]
    fn the_narrowest_variable_decides() {
        let check = |set: &[(&str, &str)], expected: Option<Level>| {
            let variable =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(asked_level("HSS", variable), expected, "{set:?}");
        };
        check(&[], None);
        check(&[("TF_LOG", "")], None);
        check(&[("TF_LOG", "debug")], Some(Level::DEBUG));
        check(&[("TF_LOG", "JSON")], Some(Level::TRACE));
        check(&[("TF_LOG", "loud")], Some(Level::TRACE));
        check(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "Error")], Some(Level::ERROR));
        check(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "off")], None);
        check(&[("TF_LOG_PROVIDER", "OFF"), ("TF_LOG_PROVIDER_HSS", "warn")], Some(Level::WARN));
        check(&[("TF_LOG_PROVIDER_OTHER", "INFO")], None);
    }
}
