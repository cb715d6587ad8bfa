//! JSON objects of the world file, read member by member, so that an error names its place and a mistyped member is one.

use serde_json::Value;

/// What is wrong with a world, and where: `hosts[3].os_type: …`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct WorldError {
    place: String,
    reason: String,
}

pub(super) type Outcome<T> = Result<T, WorldError>;

pub(super) fn fail(place: impl Into<String>, reason: impl Into<String>) -> WorldError {
    WorldError { place: place.into(), reason: reason.into() }
}

/// The members of one object, ticked off as they are read. `null` counts as left out.
pub(super) struct Members<'a> {
    members: Map<String, &'a Value>,
    place: String,
}

// `Map` of serde_json holds owned values only, so the borrowed view is a plain sorted map.
type Map<K, V> = std::collections::BTreeMap<K, V>;

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a Value, place: &str) -> Outcome<Self> {
        let object = value.as_object().ok_or_else(|| fail(place, "expected a JSON object"))?;
        Ok(Self {
            members: object.iter().map(|(name, value)| (name.clone(), value)).collect(),
            place: place.to_owned(),
        })
    }

    pub(super) fn at(&self, name: &str) -> String {
        if self.place == "world" { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Outcome<Option<String>> {
        self.take(name)
            .map(|value| {
                value.as_str().map(str::to_owned).ok_or_else(|| fail(self.at(name), "expected a string"))
            })
            .transpose()
    }

    pub(super) fn required(&mut self, name: &str) -> Outcome<String> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| fail(self.at(name), "must be given and not be empty"))
    }

    pub(super) fn id(&mut self, name: &str) -> Outcome<String> {
        let id = self.required(name)?;
        if id.chars().count() > 256 {
            return Err(fail(self.at(name), "longer than 256 characters"));
        }
        Ok(id)
    }

    pub(super) fn one_of(&mut self, name: &str, values: &[&'static str]) -> Outcome<Option<&'static str>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match values.iter().find(|value| **value == text) {
            Some(value) => Ok(Some(value)),
            None => Err(fail(self.at(name), format!("\"{text}\" is none of {}", values.join(", ")))),
        }
    }

    pub(super) fn number(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Outcome<Option<i64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_i64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(fail(
                self.at(name),
                format!("expected a whole number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    pub(super) fn list<T>(
        &mut self,
        name: &str,
        read: fn(&Value, &str) -> Outcome<T>,
    ) -> Outcome<Option<Vec<T>>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let place = self.at(name);
        let items = value.as_array().ok_or_else(|| fail(place.as_str(), "expected a JSON array"))?;
        let rows = items.iter().enumerate().map(|(at, item)| read(item, &format!("{place}[{at}]")));
        rows.collect::<Outcome<Vec<T>>>().map(Some)
    }

    pub(super) fn texts(&mut self, name: &str) -> Outcome<Option<Vec<String>>> {
        self.list(name, |value, place| {
            value.as_str().map(str::to_owned).ok_or_else(|| fail(place, "expected a string"))
        })
    }

    /// Fails when a member was not read: it has no meaning.
    pub(super) fn end(self) -> Outcome<()> {
        match self.members.keys().next() {
            Some(name) => Err(fail(self.at(name), "unknown member")),
            None => Ok(()),
        }
    }
}
