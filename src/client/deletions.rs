//! Deleting backup servers together: one call takes up to a hundred ids.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::{Error, Session, hss::WalkKey, operation::DELETE_BACKUP_HOSTS};
use crate::rest::{Cut, Limits, Patience, Quota, Urgency};

/// How many ids one call may hold.
const MOST: usize = 100;
/// How long the first one waits for others: Terraform destroys what is independent at the same time.
const GATHERING: Duration = Duration::from_millis(40);

/// The batch that gathers now, by place.
#[derive(Default)]
pub(super) struct Deletions(Mutex<BTreeMap<WalkKey, Batch>>);

#[derive(Default)]
struct Batch {
    wishes: Vec<Wish>,
    quota: Quota,
}

struct Wish {
    id: String,
    limits: Limits,
    answer: oneshot::Sender<Result<(), Error>>,
}

impl Session {
    /// Deletes a backup server, in one call with others that are to be deleted now. When the service refuses several
    /// at once, each is asked for by itself, so nobody is refused for another's sake.
    pub async fn delete_backup_host(&self, id: &str) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let wish = Wish { id: id.to_owned(), limits: self.limits().clone(), answer };
        let key = (self.region.clone(), self.write_scope().unwrap_or_default().to_owned());
        let quota = self.join_batch(key, wish);
        let before = quota.waited(self.clock().instant());
        let result = answered.await.unwrap_or_else(|_| {
            let stopped = self.limits().stop.is_set();
            let cut = if stopped { Cut::Stopped } else { Cut::Broken };
            Err(Error::from_cut(cut, DELETE_BACKUP_HOSTS.name))
        });
        let waited = quota.waited(self.clock().instant()).saturating_sub(before);
        self.patience.quota.add(waited, quota.cause());
        result
    }

    fn join_batch(&self, key: WalkKey, wish: Wish) -> Quota {
        let mut batches = self.hss.0.deletions.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gathers = batches.contains_key(&key);
        let batch = batches.entry(key.clone()).or_default();
        batch.wishes.push(wish);
        let quota = batch.quota.clone();
        if batch.wishes.len() == MOST {
            // Full: whoever comes next begins another one, and this one goes at once.
            let batch = batches.remove(&key).unwrap_or_default();
            tokio::spawn(self.clone().send_batch(batch).in_current_span());
        } else if !gathers {
            let session = self.clone();
            let hss = self.hss.clone();
            tokio::spawn(
                async move {
                    session.hss.clock().sleep(GATHERING).await;
                    let gathered =
                        hss.0.deletions.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                    if let Some(batch) = gathered {
                        session.send_batch(batch).await;
                    }
                }
                .in_current_span(),
            );
        }
        quota
    }

    async fn send_batch(self, batch: Batch) {
        let Batch { mut wishes, quota } = batch;
        // Who was told to stop, or is gone, wants nothing deleted any more.
        wishes.retain(|wish| !wish.answer.is_closed() && !wish.limits.stop.is_set());
        if wishes.len() > 1 {
            let ids: Vec<String> = wishes.iter().map(|wish| wish.id.clone()).collect();
            let limits = self.common_limits(&wishes);
            let session = self.detached(Patience { limits, quota: quota.clone(), urgency: Urgency::Write });
            let result = session.delete_backup_hosts(&ids).await;
            match result {
                Err(error) if error.is_refused() => {
                    tracing::debug!(
                        target: "provider.http",
                        ids = ids.len(),
                        "a delete of several backup servers was refused, each is tried by itself"
                    );
                }
                result => {
                    for wish in wishes {
                        let _ = wish.answer.send(result.clone());
                    }
                    return;
                }
            }
        }
        for wish in wishes {
            let limits = wish.limits.clone();
            let session = self.detached(Patience { limits, quota: quota.clone(), urgency: Urgency::Write });
            let result = session.delete_backup_hosts(std::slice::from_ref(&wish.id)).await;
            let _ = wish.answer.send(result);
        }
    }

    /// One stop ends all of an operation's siblings, and none is kept waiting beyond the latest deadline.
    fn common_limits(&self, wishes: &[Wish]) -> Limits {
        let deadlines: Option<Vec<_>> = wishes.iter().map(|wish| wish.limits.deadline).collect();
        let stop = wishes.first().map(|wish| wish.limits.stop.clone()).unwrap_or_default();
        Limits { stop, deadline: deadlines.and_then(|all| all.into_iter().max()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::testing::rig,
        rest::testing::{Answer, Server},
    };

    fn ids(server: &Server) -> Vec<Vec<String>> {
        let body = |request: &String| {
            let body: serde_json::Value = request.split_once("\r\n\r\n").unwrap().1.parse().unwrap();
            serde_json::from_value(body["backup_host_id_list"].clone()).unwrap()
        };
        server.requests().iter().map(body).collect()
    }

    #[tokio::test]
    async fn deletions_of_the_same_moment_share_a_call() {
        let rig = rig(vec![Answer::status(200).body("{}")]).await;
        let session = rig.session();
        let results = tokio::join!(session.delete_backup_host("a"), session.delete_backup_host("b"));
        assert!(results.0.is_ok() && results.1.is_ok());
        assert_eq!(ids(&rig.server), [["a", "b"]]);
    }

    #[tokio::test]
    async fn a_refused_batch_is_repeated_one_by_one() {
        let refusal = || Answer::status(400).body(r#"{"error_code":"HSS.0001","error_msg":"no"}"#);
        let rig = rig(vec![refusal(), Answer::status(200), refusal()]).await;
        let session = rig.session();
        let results = tokio::join!(session.delete_backup_host("a"), session.delete_backup_host("b"));
        assert!(results.0.is_ok() && results.1.is_err());
        assert_eq!(ids(&rig.server), [vec!["a", "b"], vec!["a"], vec!["b"]]);
    }

    #[tokio::test]
    async fn a_call_holds_a_hundred_at_most() {
        let rig = rig(vec![Answer::status(200), Answer::status(200)]).await;
        let all = (0..101).map(|n| {
            let session = rig.session();
            async move { session.delete_backup_host(&format!("h{n}")).await }
        });
        let results = futures_util::future::join_all(all).await;
        assert!(results.iter().all(Result::is_ok));
        let mut counts: Vec<usize> = ids(&rig.server).iter().map(Vec::len).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 100]);
    }

    #[tokio::test]
    async fn who_was_told_to_stop_deletes_nothing() {
        let rig = rig(Vec::new()).await;
        let source = crate::clock::StopSource::default();
        let limits = Limits { stop: source.handle(), deadline: None };
        let session = rig.session_within(limits);
        source.stop_running();
        assert!(session.delete_backup_host("a").await.is_err());
        assert!(rig.lines().is_empty());
    }

    #[allow(dead_code, reason = "only its being `Send` matters")]
    fn batches_move_between_threads(session: Session) -> impl Send {
        async move { session.delete_backup_host("a").await }
    }
}
