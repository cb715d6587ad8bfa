//! Private state: small notes that a resource keeps beside its attributes. Terraform stores them and never shows them.
//!
//! A read may leave a note for the plan that follows, which has no I/O of its own. The bytes belong to us alone, and
//! core replaces them by whatever an answer carries, so every answer carries them.

use std::collections::BTreeMap;

/// Notes by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Private(BTreeMap<String, String>);

impl Private {
    /// Reads stored bytes. What this version cannot read is as good as no note.
    pub fn read(bytes: &[u8]) -> Self {
        Self(serde_json::from_slice(bytes).unwrap_or_default())
    }

    /// The bytes to store; none when there are no notes.
    pub fn write(&self) -> Vec<u8> {
        if self.0.is_empty() { Vec::new() } else { serde_json::to_vec(&self.0).unwrap_or_default() }
    }

    /// The note of that name.
    pub fn note(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Leaves a note, or removes it.
    pub fn set(&mut self, name: &str, note: Option<&str>) {
        match note {
            Some(note) => self.0.insert(name.to_owned(), note.to_owned()),
            None => self.0.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_the_round_trip() {
        let mut private = Private::default();
        assert_eq!(private.write(), b"");
        private.set("a", Some("1"));
        assert_eq!(Private::read(&private.write()), private);
        private.set("a", None);
        assert_eq!(private, Private::default());
        assert_eq!(Private::read(b"\xffnot ours"), Private::default());
    }
}
