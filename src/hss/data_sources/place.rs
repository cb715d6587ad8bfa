//! Where data sources read, and how old what they read may be.

use std::time::Instant;

use crate::{
    client::Session,
    framework::{data_source::ReadCx, diag::Outcome, model::Attr, timeouts},
    hss::{
        Api,
        resources::{place, waited},
    },
};

pub(super) use crate::hss::resources::place::{ENTERPRISE_PROJECT_ID, HOST_ID, REGION};

/// The description of `region`.
pub(super) const REGION_TEXT: &str = "Region to read. The default is the region of the provider.";
/// The description of `enterprise_project_id`.
pub(super) const ENTERPRISE_PROJECT_TEXT: &str = "Enterprise project to read; `\"0\"` is the default one, and `all_granted_eps` stands for all that the \
     credentials may see. The default is that of the provider, else all of them.";

/// Where to read, as it is configured.
pub(super) struct Place<'a> {
    pub(super) region: &'a mut Attr<String>,
    pub(super) enterprise_project_id: &'a Attr<String>,
}

/// Does `work` at that place, within the time that any operation has, waits for quota aside. The region that was read is
/// filled in.
pub(super) async fn read_at<T>(
    cx: &ReadCx<'_, Api>,
    place: Place<'_>,
    work: impl AsyncFnOnce(&Session) -> Outcome<T>,
) -> Outcome<T> {
    let session =
        place::session(cx.api, &cx.stop, place.region, place.enterprise_project_id, timeouts::DEFAULT)?;
    *place.region = Attr::Known(session.region().to_owned());
    waited::told(cx, &session, work(&session)).await
}

/// From when on a list is new enough; none means that what this process has read lately will do.
pub(super) fn since(cx: &ReadCx<'_, Api>, session: &Session) -> Option<Instant> {
    // A process that serves `terraform test` plans and applies in turn.
    let only_plans = cx.api.walk().is_planning() && !cx.api.walk().is_applying();
    if only_plans { None } else { Some(session.clock().instant()) }
}
