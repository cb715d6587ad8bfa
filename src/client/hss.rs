//! The configured service, and one operation's view of it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    BackupHost, Error, Settings, SettingsError, WtpHost, deletions::Deletions, fleet::Fleet,
    settings::check_region_name, snapshot::Snapshots,
};
use crate::{
    auth::Account,
    clock::Clock,
    rest::{Cause, Limits, Patience, Sender, Transport, Urgency},
};

/// Stands for every enterprise project the user may see. Only for reads.
pub const ALL_ENTERPRISE_PROJECTS: &str = "all_granted_eps";

/// What the service takes for a write that names none.
const DEFAULT_ENTERPRISE_PROJECT: &str = "0";

/// HSS of one account. A cheap handle; clones share connections, credentials and look-ups.
#[derive(Clone)]
pub struct Hss(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) sender: Sender,
    pub(super) account: Result<Account, SettingsError>,
    pub(super) backup_hosts: Snapshots<BackupHost>,
    pub(super) wtp_hosts: Snapshots<WtpHost>,
    pub(super) web_tamper_hosts: Snapshots<WtpHost>,
    pub(super) deletions: Deletions,
    pub(super) fleet: Fleet,
    born: Instant,
    told: AtomicBool,
}

/// What a shared walk depends on: region and enterprise project. The project follows from the region.
pub(super) type WalkKey = (String, String);

/// Where a resource lives, as far as it says so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Another region than the provider's.
    pub region: Option<String>,
    /// Another enterprise project than the provider's.
    pub enterprise_project_id: Option<String>,
}

/// HSS as one operation sees it: in one place, within its limits.
#[derive(Clone)]
pub struct Session {
    pub(super) hss: Hss,
    pub(super) region: String,
    pub(super) enterprise_project_id: Option<String>,
    pub(super) patience: Patience,
}

impl Hss {
    /// Makes no call and opens nothing: the first call does. Settings with complaints make every call fail.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Hss {
        // What is wrong with them is among the complaints too.
        let options = settings.transport_options().unwrap_or_default();
        let born = clock.instant();
        let sender =
            Sender::new(Transport::new(options), clock, settings.max_retries).with_quota(settings.call_limit);
        let account = settings.account().map(|account| Account::new(account, sender.clone()));
        Hss(Arc::new(Inner {
            settings,
            sender,
            account,
            backup_hosts: Snapshots::default(),
            wtp_hosts: Snapshots::default(),
            web_tamper_hosts: Snapshots::default(),
            deletions: Deletions::default(),
            fleet: Fleet::default(),
            born,
            told: AtomicBool::new(false),
        }))
    }

    /// The error of work that several wait for: credentials that do not work are told in full to one of them only.
    pub(super) fn once(&self, error: Error) -> Error {
        if !error.concerns_credentials() || error.is_repeated() {
            return error;
        }
        let told = self.0.told.swap(true, Ordering::Relaxed);
        if told { Error::Repeated(Box::new(error)) } else { error }
    }

    /// When this was configured; nothing is older that was read through it.
    pub(super) fn born(&self) -> Instant {
        self.0.born
    }

    /// The provider's region; empty when none is configured.
    pub fn region(&self) -> &str {
        self.0.settings.region.as_deref().unwrap_or_default()
    }

    /// The provider's enterprise project.
    pub fn enterprise_project_id(&self) -> Option<&str> {
        self.0.settings.enterprise_project_id.as_deref()
    }

    /// The clock that times everything.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.0.sender.clock()
    }

    /// Whether a resource may be in that region. A token and an address of one's own are good for one region.
    pub fn check_region(&self, region: &str) -> Result<(), Error> {
        if region == self.region() {
            return Ok(());
        }
        check_region_name(region).map_err(Error::Settings)?;
        let refuse =
            |reason: &str| Err(Error::Region { region: region.to_owned(), reason: reason.to_owned() });
        if self.0.settings.fixes_region() {
            return refuse(
                "the provider has `endpoints.hss` set, which is the address of its own region. Write {region} in \
                 place of the region's name there, and the address holds for every region",
            );
        }
        match &self.0.account {
            Ok(account) if account.ends_in_token() => {
                let reason = format!(
                    "calls are made with a token ({}), which is valid in one project of one region",
                    account.described().who
                );
                refuse(&reason)
            }
            _ => Ok(()),
        }
    }

    /// A view for one operation.
    pub fn session(&self, place: Place, limits: Limits) -> Session {
        Session {
            hss: self.clone(),
            region: place.region.unwrap_or_else(|| self.region().to_owned()),
            enterprise_project_id: place.enterprise_project_id,
            patience: Patience::new(limits),
        }
    }
}

impl Session {
    /// The clock that times everything.
    pub fn clock(&self) -> &dyn Clock {
        &**self.hss.clock()
    }

    /// What ends this operation early.
    pub fn limits(&self) -> &Limits {
        &self.patience.limits
    }

    /// The region of this place.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The enterprise project of this place: the resource's, else the provider's.
    pub fn enterprise_project_id(&self) -> Option<&str> {
        self.enterprise_project_id.as_deref().or(self.hss.enterprise_project_id())
    }

    /// The same view over every enterprise project the user may see. For reads.
    pub fn everywhere(&self) -> Session {
        let enterprise_project_id = Some(ALL_ENTERPRISE_PROJECTS.to_owned());
        Session { enterprise_project_id, ..self.clone() }
    }

    /// The same view, reading only where its writes go: a server that it does not find cannot be written to.
    pub fn where_writes_go(&self) -> Session {
        let project = self.write_scope().unwrap_or(DEFAULT_ENTERPRISE_PROJECT).to_owned();
        Session { enterprise_project_id: Some(project), ..self.clone() }
    }

    /// Time left until the deadline, as quota waits have moved it; `None` is without end.
    pub fn time_left(&self) -> Option<Duration> {
        self.patience.left(self.clock(), Duration::ZERO)
    }

    /// How long this operation has waited for the service's quota so far, and what for; its deadline moved by as much.
    pub fn waited_for_quota(&self) -> Option<(Duration, Cause)> {
        let waited = self.patience.quota.waited(self.clock().instant());
        self.patience.quota.cause().filter(|_| !waited.is_zero()).map(|cause| (waited, cause))
    }

    /// An error about credentials was not shown to anybody: the next one tells it in full.
    pub fn nothing_was_told(&self) {
        self.hss.0.told.store(false, Ordering::Relaxed);
        if let Ok(account) = &self.hss.0.account {
            account.nothing_was_told();
        }
    }

    /// The same operation, its questions from now on as urgent as a write: it finishes what a write began.
    pub fn urgent(&self) -> Session {
        let patience = Patience { urgency: Urgency::Write, ..self.patience.clone() };
        Session { patience, ..self.clone() }
    }

    /// The enterprise project for reads: everywhere, unless one is named, so that nothing is missed.
    pub(super) fn read_scope(&self) -> &str {
        self.enterprise_project_id().unwrap_or(ALL_ENTERPRISE_PROJECTS)
    }

    /// The enterprise project for writes. Without one the service takes the default one.
    pub(super) fn write_scope(&self) -> Option<&str> {
        self.enterprise_project_id().filter(|id| *id != ALL_ENTERPRISE_PROJECTS)
    }

    /// The same view with other patience, for work that others wait for too.
    pub(super) fn detached(&self, patience: Patience) -> Session {
        Session { patience, ..self.clone() }
    }
}

impl fmt::Debug for Hss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hss").field(&self.0.settings).finish()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("region", &self.region)
            .field("enterprise_project_id", &self.enterprise_project_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Secret, clock::SystemClock};

    #[test]
    fn regions_are_refused_where_they_cannot_work() {
        let settings = || Settings { region: Some("r-1".to_owned()), ..Settings::default() };
        let hss = |settings| Hss::new(settings, Arc::new(SystemClock));
        assert!(hss(settings()).check_region("r-2").is_ok());
        assert!(hss(settings()).check_region("r/2").is_err());
        let mut overridden = settings();
        overridden.endpoints.insert("hss".to_owned(), "https://h".to_owned());
        assert!(hss(overridden.clone()).check_region("r-1").is_ok());
        assert!(matches!(hss(overridden.clone()).check_region("r-2"), Err(Error::Region { .. })));
        overridden.endpoints.insert("hss".to_owned(), "https://{region}.example.com".to_owned());
        assert!(hss(overridden).check_region("r-2").is_ok());
        let token = Settings {
            token: Some(Secret::from("t".to_owned())),
            project_id: Some("p".to_owned()),
            ..settings()
        };
        assert!(matches!(hss(token).check_region("r-2"), Err(Error::Region { .. })));
    }

    #[test]
    fn every_call_can_move_between_threads() {
        fn check<T: Send>(_: T) {}
        let session =
            Hss::new(Settings::default(), Arc::new(SystemClock)).session(Place::default(), Limits::default());
        check(session.list_backup_hosts());
        check(session.show_remote_backup("h"));
        check(session.set_remote_backup("h", None));
        check(session.delete_backup_hosts(&[]));
        check(session.list_wtp_hosts(&crate::client::WtpHostFilter::default()));
    }

    #[test]
    fn enterprise_projects_by_rank() {
        let check = |place: Option<&str>, provider: Option<&str>, read: &str, write: Option<&str>| {
            let settings =
                Settings { enterprise_project_id: provider.map(str::to_owned), ..Settings::default() };
            let place = Place { region: None, enterprise_project_id: place.map(str::to_owned) };
            let session = Hss::new(settings, Arc::new(SystemClock)).session(place, Limits::default());
            assert_eq!((session.read_scope(), session.write_scope()), (read, write));
        };
        check(None, None, "all_granted_eps", None);
        check(None, Some("p"), "p", Some("p"));
        check(Some("q"), Some("p"), "q", Some("q"));
        check(Some("all_granted_eps"), Some("p"), "all_granted_eps", None);
    }
}
