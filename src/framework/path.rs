//! Where in a value something is.

use std::{borrow::Cow, fmt};

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object or block.
    Attribute(Cow<'static, str>),
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(i64),
}

/// A way into a resource's value. It always begins with an attribute and never enters a set, because elements
/// of sets have no address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    root: Cow<'static, str>,
    rest: Vec<Step>,
}

impl Path {
    /// An attribute of the resource itself.
    pub const fn root(name: &'static str) -> Self {
        Self { root: Cow::Borrowed(name), rest: Vec::new() }
    }

    /// The member `name` of the object at `outer`, or of the resource itself.
    #[must_use]
    pub fn member(outer: Option<&Self>, name: &'static str) -> Self {
        match outer {
            Some(outer) => outer.clone().attribute(name),
            None => Self::root(name),
        }
    }

    /// The attribute the way begins with.
    pub fn name(&self) -> &str {
        &self.root
    }

    /// The attribute the way begins with, with the element of it that comes next, if one does.
    pub(super) fn argument(&self) -> Self {
        let rest = self.rest.iter().take_while(|step| !matches!(step, Step::Attribute(_))).cloned().collect();
        Self { root: self.root.clone(), rest }
    }

    /// One step further, to an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.rest.push(Step::Attribute(name.into()));
        self
    }

    /// One step further, to an element of a list.
    #[must_use]
    pub fn index(mut self, index: i64) -> Self {
        self.rest.push(Step::Index(index));
        self
    }

    /// One step further, to an element of a map.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.rest.push(Step::Key(key.into()));
        self
    }

    /// All steps, the first being an attribute.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        std::iter::once(Step::Attribute(self.root.clone())).chain(self.rest.iter().cloned())
    }
}

impl From<&'static str> for Path {
    fn from(name: &'static str) -> Self {
        Self::root(name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        for step in &self.rest {
            match step {
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
