//! One request as it came, and the checks of its parameters against the documented ranges.
//!
//! Unknown parameters and members are refused: the real service may be more patient, but here they are mistakes
//! of the client under test.

use std::{collections::BTreeMap, ops::RangeInclusive};

use axum::{body::Bytes, http::HeaderMap};
use serde_json::{Map, Value, json};

use super::{
    moment::Moment,
    reply::Reply,
    signature::{Wire, percent_decode, query_pairs},
    world::Host,
};

/// A request, undecoded.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) now: Moment,
    /// The request line held a whole URL, as it does when it is meant for a proxy.
    pub(super) proxied: bool,
}

/// Begins the path of the endpoint of one region: `/at/cn-east-3/v5/…`.
const REGIONAL: &str = "/at/";

impl Call {
    pub(super) fn wire(&self) -> Wire<'_> {
        Wire {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The region whose endpoint was called, if it was one of a single region, and the path there.
    pub(super) fn place(&self) -> (Option<&str>, &str) {
        let regional =
            self.path.strip_prefix(REGIONAL).and_then(|rest| rest.find('/').map(|at| rest.split_at(at)));
        regional.map_or((None, self.path.as_str()), |(region, path)| (Some(region), path))
    }

    /// The body as JSON; `null` if it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The value of a header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    pub(super) fn query(&self) -> Query {
        let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in query_pairs(&self.query) {
            let [name, value] = [name, value].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            pairs.entry(name).or_default().push(value);
        }
        let project = self.place().1.split('/').nth(2).unwrap_or_default();
        Query { pairs, project: String::from_utf8_lossy(&percent_decode(project, false)).into_owned() }
    }

    /// The body as a JSON object with none but the `allowed` members.
    pub(super) fn members(&self, allowed: &[&str]) -> Result<Members, Reply> {
        let value: Value = serde_json::from_slice(&self.body)
            .map_err(|_| Reply::hss("HSS.0002", "the request could not be parsed"))?;
        let Value::Object(members) = value else {
            return Err(Reply::invalid("the body must be a JSON object"));
        };
        match members.keys().find(|name| !allowed.contains(&name.as_str())) {
            Some(name) => Err(Reply::invalid(format!("unknown member {name}"))),
            None => Ok(Members(members)),
        }
    }
}

/// The decoded query, and the project that the path of an HSS call names.
pub(super) struct Query {
    pairs: BTreeMap<String, Vec<String>>,
    project: String,
}

/// What a call addresses: a project, and in it one enterprise project or all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scope {
    pub(super) project: String,
    enterprise_project: Option<String>,
}

impl Scope {
    pub(super) fn covers(&self, project_id: &str, enterprise_project_id: &str) -> bool {
        self.project == project_id
            && self.enterprise_project.as_ref().is_none_or(|wanted| wanted == enterprise_project_id)
    }

    pub(super) fn holds(&self, host: &Host) -> bool {
        self.covers(&host.project_id, &host.enterprise_project_id)
    }
}

impl Query {
    /// Name to value, or to a list of values where a name is repeated.
    pub(super) fn to_json(&self) -> Value {
        let show = |values: &Vec<String>| match values.as_slice() {
            [value] => json!(value),
            values => json!(values),
        };
        Value::Object(self.pairs.iter().map(|(name, values)| (name.clone(), show(values))).collect())
    }

    /// The first value of a parameter, unchecked.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.pairs.get(name).and_then(|values| values.first()).map(String::as_str)
    }

    /// Whether the query asks for no choice of rows: paging and the enterprise project do not count.
    pub(super) fn is_unfiltered(&self) -> bool {
        self.pairs.keys().all(|name| ["limit", "offset", "enterprise_project_id"].contains(&name.as_str()))
    }

    /// Refuses parameters beside `allowed` and the enterprise project, and repeated ones.
    pub(super) fn only(&self, allowed: &[&str]) -> Result<(), Reply> {
        for (name, values) in &self.pairs {
            if name != "enterprise_project_id" && !allowed.contains(&name.as_str()) {
                return Err(Reply::invalid(format!("unknown query parameter {name}")));
            }
            if values.len() > 1 {
                return Err(Reply::invalid(format!("query parameter {name} is repeated")));
            }
        }
        Ok(())
    }

    /// The enterprise projects a read addresses; the default one when none is named.
    pub(super) fn read_scope(&self) -> Result<Scope, Reply> {
        let enterprise_project = match self.text("enterprise_project_id", 1..=256)? {
            None => Some("0".to_owned()),
            Some("all_granted_eps") => None,
            Some(id) => Some(id.to_owned()),
        };
        Ok(Scope { project: self.project.clone(), enterprise_project })
    }

    /// The enterprise project a write addresses: always one.
    pub(super) fn write_scope(&self) -> Result<Scope, Reply> {
        match self.read_scope()? {
            Scope { enterprise_project: None, .. } => {
                Err(Reply::invalid("enterprise_project_id must name one enterprise project"))
            }
            one => Ok(one),
        }
    }

    /// A text with its range of characters.
    pub(super) fn text(&self, name: &str, range: RangeInclusive<usize>) -> Result<Option<&str>, Reply> {
        match self.first(name) {
            Some(value) if !range.contains(&value.chars().count()) => Err(out_of_range(name, &range)),
            other => Ok(other),
        }
    }

    pub(super) fn one_of(&self, name: &str, values: &[&str]) -> Result<Option<&str>, Reply> {
        match self.first(name) {
            Some(value) if !values.contains(&value) => {
                Err(Reply::invalid(format!("{name} must be one of {}", values.join(", "))))
            }
            other => Ok(other),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Reply> {
        match self.first(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Reply::invalid(format!("{name} must be true or false"))),
        }
    }

    /// Records per page and records to skip, both within the documented ranges.
    pub(super) fn paging(&self) -> Result<(usize, usize), Reply> {
        Ok((self.number("limit", 10..=200, 10)?, self.number("offset", 0..=2_000_000, 0)?))
    }

    fn number(&self, name: &str, range: RangeInclusive<usize>, default: usize) -> Result<usize, Reply> {
        let Some(text) = self.first(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| out_of_range(name, &range))
    }
}

/// The members of a JSON body.
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// A text that must be there, up to 256 characters.
    pub(super) fn text(&self, name: &str) -> Result<&str, Reply> {
        self.optional_text(name, 256)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_text(&self, name: &str, most: usize) -> Result<Option<&str>, Reply> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text)),
            Some(Value::String(_)) => Err(out_of_range(name, &(0..=most))),
            Some(_) => Err(Reply::invalid(format!("{name} must be a string"))),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Reply> {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Reply::invalid(format!("{name} must be true or false"))),
            None => Err(missing(name)),
        }
    }

    /// A whole number that must be there.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<i64>) -> Result<i64, Reply> {
        let value = self.0.get(name).ok_or_else(|| missing(name))?;
        let number = value.as_i64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            Reply::invalid(format!("{name} must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// A list of ids, each of 1 to 128 characters.
    pub(super) fn ids(&self, name: &str, most: usize) -> Result<Vec<&str>, Reply> {
        let items = match self.0.get(name) {
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Reply::invalid(format!("{name} must be a list of strings"))),
            None => return Err(missing(name)),
        };
        if !(1..=most).contains(&items.len()) {
            return Err(Reply::invalid(format!("{name} must hold 1 to {most} ids")));
        }
        let id = |item: &'_ Value| item.as_str().is_some_and(|id| (1..=128).contains(&id.chars().count()));
        if !items.iter().all(id) {
            return Err(Reply::invalid(format!("{name} must hold strings of 1 to 128 characters")));
        }
        Ok(items.iter().filter_map(Value::as_str).collect())
    }
}

fn missing(name: &str) -> Reply {
    Reply::invalid(format!("{name} is missing"))
}

fn out_of_range(name: &str, range: &RangeInclusive<usize>) -> Reply {
    Reply::invalid(format!("{name} is not within its range of {} to {}", range.start(), range.end()))
}
