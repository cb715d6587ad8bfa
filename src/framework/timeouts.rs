//! The `timeouts` attribute, as Terraform users know it: one optional object with optional durations.

use std::time::Duration;

use super::{
    duration,
    model::{Attr, Schema},
    path::Path,
    schema::optional,
};

/// How long an operation may take, as the user wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    create: Attr<String>,
    update: Attr<String>,
    delete: Attr<String>,
}

/// Used where the user says nothing.
pub const DEFAULT: Duration = Duration::from_secs(600);

impl Timeouts {
    /// The rows of the nested attribute.
    pub fn rows() -> Schema<Self> {
        let rule = || optional().text(is_duration);
        let text =
            |what: &str| format!("How long {what} may take, as in `30s` or `1h30m`. The default is `10m`.");
        Schema::new("")
            .attr(Path::root("create"), |m: &mut Self| &mut m.create, rule(), text("a create"))
            .attr(Path::root("update"), |m: &mut Self| &mut m.update, rule(), text("an update"))
            .attr(Path::root("delete"), |m: &mut Self| &mut m.delete, rule(), text("a delete"))
    }

    /// For a create.
    pub fn create(timeouts: &Attr<Self>) -> Duration {
        Self::pick(timeouts, |m| &m.create)
    }

    /// For an update.
    pub fn update(timeouts: &Attr<Self>) -> Duration {
        Self::pick(timeouts, |m| &m.update)
    }

    /// For a delete.
    pub fn delete(timeouts: &Attr<Self>) -> Duration {
        Self::pick(timeouts, |m| &m.delete)
    }

    fn pick(timeouts: &Attr<Self>, which: fn(&Self) -> &Attr<String>) -> Duration {
        timeouts
            .known()
            .and_then(|m| which(m).known())
            .and_then(|text| duration::parse(text))
            .unwrap_or(DEFAULT)
    }
}

/// A check for attributes that hold a duration.
pub fn is_duration(text: &str) -> Result<(), String> {
    match duration::parse(text) {
        Some(length) if !length.is_zero() => Ok(()),
        Some(_) => {
            Err("A duration of nothing leaves no time to do anything. Write one such as \"10m\".".to_owned())
        }
        None => Err(format!(
            "{text:?} is not a duration. Write a number with a unit (s, m or h), or several of them, such as \"30s\" or \"1h30m\"."
        )),
    }
}
