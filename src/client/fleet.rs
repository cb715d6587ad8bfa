//! Whole fleets in a handful of calls: what lists say of single servers, and when a server is asked for itself.
//!
//! The list of protected servers tells of each whether remote backup is on and where to, but not the address. So it
//! confirms what is believed already; where it does not, the server itself is asked, up to a bound.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{
    Error, RemoteBackup, Session, WtpHost, WtpHostFilter,
    hss::ALL_ENTERPRISE_PROJECTS,
    operation::SHOW_REMOTE_BACKUP,
    snapshot::{Snapshot, Walked},
    wtp_hosts,
};

/// So many servers are asked for themselves on a refresh before any list is walked.
const CHEAP: u64 = 3;
/// So many are looked up by id before a write: plan and apply both do it, and share a quota with the walk.
const CHEAP_LOOK_UPS: u64 = 1;
/// A list of up to so many pages is walked without further thought; a longer one only when about half as many servers
/// were asked for themselves.
const SHORT: u64 = 6;
/// How many servers are asked for themselves because a list contradicts what is believed.
const DOUBTS: u64 = 10;
/// After a write, a list of up to so many pages proves it as well as the server itself, should that have to wait.
const CHEAP_PROOF: u64 = 2;

/// What this process has learned and asked, by region.
#[derive(Default)]
pub(super) struct Fleet(Mutex<BTreeMap<String, Region>>);

#[derive(Default)]
pub(super) struct Region {
    /// Servers asked for themselves on a refresh.
    shown: u64,
    /// Servers looked up by id before a write.
    looked_up: u64,
    /// Servers looked at before something was overwritten.
    compared: u64,
    /// Contradictions looked into.
    doubts: u64,
    /// Pages of the list of protected servers, once known.
    pages: u64,
    /// Whether the list names backup servers, as far as that is known; older regions leave them out.
    pub(super) tells: Option<bool>,
    /// Servers for which a list without any backup server was right.
    agreed: u64,
    /// The list may not be read.
    closed: bool,
    /// When a setting was written last, by server.
    pub(super) written: BTreeMap<String, Instant>,
    /// The enterprise project that asked first.
    scope: Option<String>,
    /// Whether all enterprise projects at once were refused.
    no_overview: bool,
}

impl Region {
    /// Whether one more server may be asked for itself before it is time for the list.
    fn is_cheap(&self, asked: u64, few: u64) -> bool {
        asked < if self.pages > SHORT { self.pages / 2 } else { few }
    }

    /// Compares what a server says of itself with a list that names no backup server for it.
    pub(super) fn compare(&mut self, shown: &RemoteBackup) {
        if self.tells.is_some() {
            return;
        }
        if shown.remote_backup {
            self.tells = Some(false);
        } else {
            self.agreed += 1;
            if self.agreed >= DOUBTS {
                self.tells = Some(true);
            }
        }
    }
}

/// What a refresh found out about one protected server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The server itself was asked.
    Exact(RemoteBackup),
    /// The list says whether remote backup is on and where to. It knows no address.
    Listed(Box<WtpHost>),
    /// The list of servers with Web Tamper Protection lacks it.
    Unlisted,
}

/// What is believed of a server before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Believed<'a> {
    /// Whether remote backup is on.
    pub remote_backup: bool,
    /// Where copies go while it is.
    pub backup_host_id: Option<&'a str>,
}

impl Believed<'_> {
    fn agrees(&self, host: &WtpHost) -> bool {
        let listed = host.backup_host_id.as_deref();
        if self.remote_backup { listed.is_some() && listed == self.backup_host_id } else { listed.is_none() }
    }
}

impl Session {
    /// The remote backup of one of perhaps many servers. `believed` is what the caller holds for true; none when it
    /// knows nothing yet.
    ///
    /// The first few servers are asked for themselves, further ones looked up in a shared list. Where that contradicts
    /// what is believed the server is asked after all, so long as there are few of these.
    pub async fn see_remote_backup(
        &self,
        host_id: &str,
        believed: Option<Believed<'_>>,
    ) -> Result<Seen, Error> {
        let asks_itself = self.with(|region| {
            let exact = region.closed || region.tells == Some(false) || region.is_cheap(region.shown, CHEAP);
            region.shown += u64::from(exact);
            exact
        });
        if asks_itself || self.is_exact() {
            return self.show_remote_backup(host_id).await.map(Seen::Exact);
        }
        let overview = self.overview();
        let Some(list) = overview.protected_list(None).await? else {
            self.with(|region| region.shown += 1);
            return self.show_remote_backup(host_id).await.map(Seen::Exact);
        };
        let host = find(&list.items, host_id).filter(|_| self.is_newer_than_writes(&list, host_id));
        let tells = self.list_tells();
        let believable = match (host, believed) {
            (None, _) => false,
            // Nothing to contradict: whoever knows nothing takes what the list says, if it says anything.
            (Some(_), None) => tells,
            (Some(host), Some(believed)) => believed.agrees(host) && (believed.remote_backup || tells),
        };
        if let (Some(host), true) = (host, believable) {
            return Ok(Seen::Listed(Box::new(host.clone())));
        }
        let doubts = self.with(|region| {
            region.doubts += 1;
            region.doubts
        });
        if doubts > DOUBTS && (tells || host.is_none()) {
            return Ok(host.map_or(Seen::Unlisted, |host| Seen::Listed(Box::new(host.clone()))));
        }
        let shown = self.show_remote_backup(host_id).await?;
        if host.is_some_and(|host| host.backup_host_id.is_none()) {
            self.with(|region| region.compare(&shown));
        }
        Ok(Seen::Exact(shown))
    }

    /// One server with its state of protection, as it was at some time from `since` on; without, as it was lately.
    /// `None` when the list of this place lacks it.
    pub async fn wtp_host(&self, host_id: &str, since: Option<Instant>) -> Result<Option<WtpHost>, Error> {
        let written = self.with(|region| region.written.get(host_id).copied());
        let since = since.max(written);
        if let Some(list) = self.hss.0.wtp_hosts.at_hand(self, since) {
            return Ok(find(&list.items, host_id).cloned());
        }
        let asks_itself = self.with(|region| {
            let cheap = region.is_cheap(region.looked_up, CHEAP_LOOK_UPS);
            region.looked_up += u64::from(cheap);
            cheap
        });
        if !asks_itself && let Some(list) = self.protected_list(since).await? {
            return Ok(find(&list.items, host_id).cloned());
        }
        let hosts = self.list_wtp_hosts(&WtpHostFilter::host(host_id)).await?;
        Ok(hosts.into_iter().find(|host| host.host_id == host_id))
    }

    /// The setting of a server that is about to be written, by what the list told of it where that is enough.
    pub async fn remote_backup_before_write(
        &self,
        host_id: &str,
        listed: Option<&WtpHost>,
    ) -> Result<RemoteBackup, Error> {
        if self.list_tells() && listed.is_some_and(|host| host.backup_host_id.is_none()) {
            return Ok(RemoteBackup::default());
        }
        self.show_remote_backup(host_id).await
    }

    /// The setting of a server that is about to be overwritten, as it was at some time from `since` on. The first few
    /// servers are asked for themselves; of further ones a short list tells enough.
    pub async fn remote_backup_lately(
        &self,
        host_id: &str,
        since: Option<Instant>,
    ) -> Result<RemoteBackup, Error> {
        let asks_itself = self.with(|region| {
            let exact = region.closed || region.tells == Some(false) || region.compared < CHEAP;
            region.compared += 1;
            exact
        });
        if !asks_itself && !self.is_exact() {
            let since = since.max(self.with(|region| region.written.get(host_id).copied()));
            if let Some(list) = self.where_writes_go().protected_list(since).await?
                && let Some(host) = find(&list.items, host_id)
                && self.list_tells()
            {
                return Ok(as_listed(host));
            }
        }
        self.show_remote_backup(host_id).await
    }

    /// The setting of a server after a write that ended at `written`. `addresses_matter` says that the list is no
    /// proof because it has none.
    pub async fn remote_backup_after_write(
        &self,
        host_id: &str,
        written: Instant,
        addresses_matter: bool,
    ) -> Result<RemoteBackup, Error> {
        let reader = self.where_writes_go().urgent();
        if !addresses_matter && self.list_is_quicker() {
            let list = reader.protected_list(Some(written)).await;
            if let Ok(Some(list)) = list
                && let Some(host) = find(&list.items, host_id)
                && self.list_tells()
            {
                return Ok(as_listed(host));
            }
        }
        let shown = self.urgent().show_remote_backup(host_id).await?;
        if shown.remote_backup && self.with(|region| region.tells.is_none() && !region.closed) {
            // The first one that is on for certain shows whether the list names backup servers.
            if let Ok(Some(list)) = reader.protected_list(Some(written)).await
                && let Some(host) = find(&list.items, host_id)
            {
                self.with(|region| region.tells = region.tells.or(Some(host.backup_host_id.is_some())));
            }
        }
        Ok(shown)
    }

    /// All protected servers in every enterprise project, as they were after the last write of this process and from
    /// `since` on.
    pub async fn protected_everywhere(&self, since: Instant) -> Result<Arc<[WtpHost]>, Error> {
        let written = self.with(|region| region.written.values().max().copied());
        let everywhere = self.everywhere();
        let listing = &wtp_hosts::PROTECTED;
        let walked = self.hss.0.wtp_hosts.get(&everywhere, listing, Some(since).max(written), None).await?;
        everywhere.whole(walked)
    }

    /// All protected servers of this place as they were at some time from `since` on, no write of this process missed;
    /// without, as they were lately.
    pub async fn protected_hosts(&self, since: Option<Instant>) -> Result<Arc<[WtpHost]>, Error> {
        let written = self.with(|region| region.written.values().max().copied());
        let walked = self.hss.0.wtp_hosts.get(self, &wtp_hosts::PROTECTED, since.max(written), None).await?;
        self.whole(walked)
    }

    /// Whether the server is in one of HSS's lists, with Web Tamper Protection or without, in any enterprise project.
    /// For somebody who asks for many.
    pub async fn is_listed_anywhere(&self, host_id: &str) -> Result<bool, Error> {
        let everywhere = self.everywhere();
        let lists = &self.hss.0;
        let protected = lists.wtp_hosts.get(&everywhere, &wtp_hosts::PROTECTED, None, None).await?;
        if find(&everywhere.whole(protected)?, host_id).is_some() {
            return Ok(true);
        }
        let eligible = lists.web_tamper_hosts.get(&everywhere, &wtp_hosts::ELIGIBLE, None, None).await?;
        Ok(find(&everywhere.whole(eligible)?, host_id).is_some())
    }

    /// The same view for a refresh of many: one enterprise project, or all of them at once as soon as several ask.
    pub fn overview(&self) -> Session {
        let own = self.read_scope().to_owned();
        let widened = self.with(|region| {
            let first = region.scope.get_or_insert_with(|| own.clone());
            *first != own && !region.no_overview
        });
        if widened { self.everywhere() } else { self.clone() }
    }

    /// A write of ours ended: what lists said of the server before may be wrong.
    pub(super) fn note_write(&self, host_id: &str) {
        let now = self.clock().instant();
        self.with(|region| region.written.insert(host_id.to_owned(), now));
    }

    /// The list of protected servers in this place; `None` where it may not be read or would take too many calls.
    async fn protected_list(&self, since: Option<Instant>) -> Result<Option<Arc<Snapshot<WtpHost>>>, Error> {
        let bound = self.with(|region| if region.pages > SHORT { None } else { Some(SHORT) });
        match self.hss.0.wtp_hosts.get(self, &wtp_hosts::PROTECTED, since, bound).await {
            Ok(Walked::Whole(snapshot)) => {
                self.learn(&snapshot);
                Ok(Some(snapshot))
            }
            Ok(Walked::TooLong(pages)) => {
                self.with(|region| region.pages = pages);
                Ok(None)
            }
            Err(error) if error.bars_a_list() => {
                let everywhere = self.read_scope() == ALL_ENTERPRISE_PROJECTS;
                self.with(|region| {
                    if everywhere && region.scope.as_deref() != Some(ALL_ENTERPRISE_PROJECTS) {
                        region.no_overview = true;
                    } else {
                        region.closed = true;
                    }
                });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn learn(&self, snapshot: &Snapshot<WtpHost>) {
        let unknown = self.with(|region| {
            region.pages = snapshot.pages;
            region.tells.is_none()
        });
        if unknown && snapshot.items.iter().any(|host| host.backup_host_id.is_some()) {
            self.with(|region| region.tells = Some(true));
        }
    }

    fn whole(&self, walked: Walked<WtpHost>) -> Result<Arc<[WtpHost]>, Error> {
        match walked {
            Walked::Whole(snapshot) => {
                self.learn(&snapshot);
                Ok(Arc::clone(&snapshot.items))
            }
            Walked::TooLong(_) => Ok(Arc::default()),
        }
    }

    fn list_tells(&self) -> bool {
        !self.is_exact() && self.with(|region| region.tells == Some(true) && !region.closed)
    }

    /// Whether asking a server itself has to wait for quota while the list takes few calls, as far as is known.
    fn list_is_quicker(&self) -> bool {
        let may_do =
            self.with(|region| region.pages <= CHEAP_PROOF && region.tells != Some(false) && !region.closed);
        may_do && !self.is_exact() && self.is_limited(&SHOW_REMOTE_BACKUP)
    }

    fn is_newer_than_writes(&self, list: &Snapshot<WtpHost>, host_id: &str) -> bool {
        self.with(|region| region.written.get(host_id).is_none_or(|written| list.begun >= *written))
    }

    fn is_exact(&self) -> bool {
        self.hss.0.settings.exact_refresh
    }

    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Region) -> R) -> R {
        let fleet: &Mutex<BTreeMap<String, Region>> = &self.hss.0.fleet.0;
        let mut regions: MutexGuard<'_, _> = fleet.lock().unwrap_or_else(PoisonError::into_inner);
        work(regions.entry(self.region.clone()).or_default())
    }
}

/// What the list says of a server's setting. It has no addresses.
fn as_listed(host: &WtpHost) -> RemoteBackup {
    let backup_host_id = host.backup_host_id.clone();
    RemoteBackup { remote_backup: backup_host_id.is_some(), backup_host_id, ..RemoteBackup::default() }
}

/// The server in a sorted list.
pub(super) fn find<'a>(hosts: &'a [WtpHost], host_id: &str) -> Option<&'a WtpHost> {
    let at = hosts.binary_search_by(|host| host.host_id.as_str().cmp(host_id)).ok()?;
    hosts.get(at)
}
