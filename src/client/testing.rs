//! A configured client in front of a scripted server.

use std::sync::Arc;

use super::{Hss, Limits, Place, Session, Settings};
use crate::{
    auth::Secret,
    rest::testing::{Answer, FakeClock, Server},
};

pub(super) struct Rig {
    pub(super) server: Server,
    hss: Hss,
}

pub(super) async fn rig(answers: Vec<Answer>) -> Rig {
    rig_with(answers, |_| {}).await
}

pub(super) async fn rig_with(answers: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Rig {
    let server = Server::start(answers).await;
    let mut settings = Settings {
        region: Some("cn-north-4".to_owned()),
        project_id: Some("p0".to_owned()),
        access_key: Some(Secret::from("AK".to_owned())),
        secret_key: Some(Secret::from("SK".to_owned())),
        ..Settings::default()
    };
    settings.endpoints.insert("hss".to_owned(), server.url());
    change(&mut settings);
    Rig { server, hss: Hss::new(settings, Arc::new(FakeClock::default())) }
}

impl Rig {
    pub(super) fn session(&self) -> Session {
        self.hss.session(Place::default(), Limits::default())
    }

    pub(super) fn session_within(&self, limits: Limits) -> Session {
        self.hss.session(Place::default(), limits)
    }

    /// Method and address of each request so far.
    pub(super) fn lines(&self) -> Vec<String> {
        let requests = self.server.requests();
        let line = |request: &String| request.split(" HTTP/").next().unwrap_or_default().to_owned();
        requests.iter().map(line).collect()
    }
}
