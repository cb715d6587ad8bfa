//! Who makes what in one run: a server has one registration and one setting, so two objects for it are one too many.
//!
//! Terraform checks no such thing. Two resource blocks with the same server would both succeed, as the second would take
//! over what the first has made, and destroying one would pull the rug from under the other. And where an object is
//! made before its predecessor is destroyed (`create_before_destroy`, or a block that got another name without a
//! `moved` block), the destroy comes last and would undo the create. So each create and each destroy claims its server
//! first. Claims live as long as a configured provider, which is one plan or one apply.
//!
//! But for `terraform test`: since 1.13 it keeps one configured provider for all runs of a file and for the destroy after
//! them. So a create leaves a mark in the private state of its object. The object that carries the mark of a claim is no
//! predecessor, and may be destroyed; and once such an object is read, which only a plan does, its run is over.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    client::Session,
    framework::{
        diag::{Diagnostic, Outcome},
        path::Path,
        resource::Cx,
    },
};

/// The note with the mark of the create that made an object.
const MADE_BY: &str = "made_by";

/// How often to look whether another operation on the same server is done.
const LOOK: Duration = Duration::from_millis(100);

/// The claims of one run.
#[derive(Debug, Default)]
pub struct Claims(Mutex<BTreeMap<Key, Stage>>);

/// Resource type, region, server.
type Key = (&'static str, String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// A create or a destroy is under way.
    Busy,
    /// The create of this mark made it, or may have.
    Made(String),
}

/// What became of asking for a server.
#[derive(Debug)]
enum Turn<'a> {
    /// Nobody has it.
    Yours(Claim<'a>),
    /// An object of this run stands for it.
    Made,
    /// Somebody is at it.
    Busy,
}

/// A server that nobody else makes or destroys until this is dropped. Unless it was [made](Claim::made), it is free again
/// then.
#[derive(Debug)]
pub struct Claim<'a> {
    claims: &'a Claims,
    key: Key,
}

impl Claims {
    /// Claims a server for a create.
    ///
    /// # Errors
    /// Another object of this run stands for it, or the operation has to end while somebody else is at it.
    pub async fn for_create(
        &self,
        session: &Session,
        kind: &'static str,
        host_id: &str,
        path: Path,
    ) -> Outcome<Claim<'_>> {
        match self.claim(session, kind, host_id, &path, None).await? {
            Turn::Yours(claim) => Ok(claim),
            _ => Err(twice(kind, host_id).at(path).into()),
        }
    }

    /// Claims a server for the destroy of the object of `cx`. `None` when another object that was made in this run stands
    /// for it by now, so that there is nothing to destroy.
    ///
    /// # Errors
    /// The operation has to end while somebody else is at it.
    pub async fn for_delete<Api, M: Clone>(
        &self,
        cx: &Cx<'_, Api, M>,
        session: &Session,
        kind: &'static str,
        host_id: &str,
        path: Path,
    ) -> Outcome<Option<Claim<'_>>> {
        match self.claim(session, kind, host_id, &path, cx.noted(MADE_BY)).await? {
            Turn::Yours(claim) => Ok(Some(claim)),
            _ => Ok(None),
        }
    }

    /// The object of `cx` is read, so the run that made it is over.
    pub fn read<Api, M: Clone>(
        &self,
        cx: &Cx<'_, Api, M>,
        session: &Session,
        kind: &'static str,
        host_id: &str,
    ) {
        if let Some(mark) = cx.noted(MADE_BY) {
            self.end((kind, session.region().to_owned(), host_id.to_owned()), mark);
        }
    }

    fn end(&self, key: Key, mark: String) {
        let mut all = self.all();
        if all.get(&key) == Some(&Stage::Made(mark)) {
            all.remove(&key);
        }
    }

    async fn claim(
        &self,
        session: &Session,
        kind: &'static str,
        host_id: &str,
        path: &Path,
        mark: Option<String>,
    ) -> Outcome<Turn<'_>> {
        loop {
            let key = (kind, session.region().to_owned(), host_id.to_owned());
            match self.ask(key, mark.as_deref()) {
                Turn::Busy => {}
                turn => return Ok(turn),
            }
            let in_time = session.time_left().is_none_or(|left| left > LOOK);
            if !in_time || !session.limits().stop.sleep(session.clock(), LOOK).await {
                let detail = format!(
                    "Another operation of the same run on {host_id} was not done when this one had to end. Nothing was changed here."
                );
                return Err(Diagnostic::error("The server is being worked on", detail)
                    .at(path.clone())
                    .into());
            }
        }
    }

    /// `mark` is that of the object which asks, if it has one.
    fn ask(&self, key: Key, mark: Option<&str>) -> Turn<'_> {
        let mut all = self.all();
        match all.get(&key) {
            Some(Stage::Busy) => Turn::Busy,
            Some(Stage::Made(by)) if mark != Some(by) => Turn::Made,
            _ => {
                all.insert(key.clone(), Stage::Busy);
                Turn::Yours(Claim { claims: self, key })
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Key, Stage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// From now on the object of `cx` stands for the server.
    pub fn made<Api, M: Clone>(&self, cx: &Cx<'_, Api, M>) {
        // The state outlives the process, so a mark has to be one of its own everywhere.
        let mark = format!("{:016x}", RandomState::new().hash_one(&self.key));
        cx.note(MADE_BY, Some(&mark));
        self.made_by(mark);
    }

    /// The same, unless nothing was kept.
    pub fn made_if_kept<Api, M: Clone>(&self, cx: &Cx<'_, Api, M>) {
        if cx.has_kept() {
            self.made(cx);
        }
    }

    fn made_by(&self, mark: String) {
        self.claims.all().insert(self.key.clone(), Stage::Made(mark));
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut all = self.claims.all();
        if all.get(&self.key) == Some(&Stage::Busy) {
            all.remove(&self.key);
        }
    }
}

fn twice(kind: &str, host_id: &str) -> Diagnostic {
    let detail = format!(
        "Another {kind} of this configuration was made for {host_id} in this run, and a server can be managed once only, so \
         nothing was changed here. Remove one of the two resource blocks, or correct the host_id of one of them. If one block \
         is the other under a new name, a `moved` block says so."
    );
    Diagnostic::error("Two resources for one server", detail)
}

/// What a destroy tells that had nothing to destroy.
pub fn kept(host_id: &str, what: &str) -> Diagnostic {
    let detail = format!(
        "{what} of {host_id} was left as it is, because another object of this configuration was made for the same server in \
         this run and stands for it now. Only the old object was removed from the state."
    );
    Diagnostic::warning("The server has a new object, so nothing was undone", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &'static str, id: &str) -> Key {
        (kind, "r".to_owned(), id.to_owned())
    }

    fn ask<'a>(claims: &'a Claims, kind: &'static str, id: &str) -> Turn<'a> {
        claims.ask(key(kind, id), None)
    }

    #[test]
    fn one_at_a_time_and_made_once() {
        let claims = Claims::default();
        let Turn::Yours(first) = ask(&claims, "vault", "a") else { panic!("nobody has it") };
        assert!(matches!(ask(&claims, "vault", "a"), Turn::Busy));
        assert!(matches!(ask(&claims, "vault", "b"), Turn::Yours(_)), "another server");
        assert!(matches!(ask(&claims, "web", "a"), Turn::Yours(_)), "another kind of object");
        drop(first);
        let Turn::Yours(second) = ask(&claims, "vault", "a") else { panic!("what failed is free again") };
        second.made_by("1".to_owned());
        assert!(matches!(ask(&claims, "vault", "a"), Turn::Made));
        drop(second);
        assert!(matches!(ask(&claims, "vault", "a"), Turn::Made), "and stays so");
    }

    /// One configured provider plays several runs, as that of `terraform test` does.
    #[test]
    fn an_object_may_end_itself_and_no_other() {
        let claims = Claims::default();
        let made = |mark: &str| {
            let Turn::Yours(claim) = ask(&claims, "vault", "a") else { panic!("it is free") };
            claim.made_by(mark.to_owned());
        };
        made("1");
        assert!(matches!(claims.ask(key("vault", "a"), Some("2")), Turn::Made), "a predecessor");
        let Turn::Yours(destroy) = claims.ask(key("vault", "a"), Some("1")) else {
            panic!("its own destroy")
        };
        assert!(matches!(ask(&claims, "vault", "a"), Turn::Busy));
        drop(destroy);
        made("3");
        claims.end(key("vault", "a"), "1".to_owned());
        assert!(matches!(ask(&claims, "vault", "a"), Turn::Made), "another object was read");
        claims.end(key("vault", "a"), "3".to_owned());
        made("4");
    }
}
