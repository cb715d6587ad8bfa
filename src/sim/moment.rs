//! The simulator's own clock. It stands apart from the provider, so it reads the machine's time itself, here only.

use std::time::{Duration, Instant, SystemTime};

use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description,
};

/// One reading of both clocks: the one for durations and the one of the calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) wall: SystemTime,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator shares nothing with clock.rs, and this is its clock"
)]
pub(super) fn now() -> Moment {
    Moment { instant: Instant::now(), wall: SystemTime::now() }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator shares nothing with clock.rs, and this is its clock"
)]
pub(super) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const MICROSECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
const HTTP: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
const COMPACT: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

impl Moment {
    /// The same moment by a clock that is ahead by these seconds, or behind.
    pub(super) fn shifted(self, seconds: i64) -> Self {
        let offset = Duration::from_secs(seconds.unsigned_abs());
        let wall = if seconds < 0 { self.wall - offset } else { self.wall + offset };
        Self { wall, ..self }
    }
}

/// The value of a `Date` header.
pub(super) fn to_http(wall: SystemTime) -> String {
    OffsetDateTime::from(wall).format(HTTP).unwrap_or_default()
}

/// RFC 3339 with milliseconds, for the journal and STS.
pub(super) fn to_milliseconds(wall: SystemTime) -> String {
    OffsetDateTime::from(wall).format(MILLISECONDS).unwrap_or_default()
}

/// RFC 3339 with microseconds, the form IAM uses.
pub(super) fn to_microseconds(wall: SystemTime) -> String {
    OffsetDateTime::from(wall).format(MICROSECONDS).unwrap_or_default()
}

/// Reads the value of an `X-Sdk-Date` header.
pub(super) fn from_compact(text: &str) -> Option<SystemTime> {
    PrimitiveDateTime::parse(text, COMPACT).ok().map(|date| date.assume_utc().into())
}

/// How far two times are apart, whichever comes first.
pub(super) fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}
