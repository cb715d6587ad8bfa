//! `hss_wtp_statistics`: the counters of Web Tamper Protection.

use super::place::{self, ENTERPRISE_PROJECT_ID, Place, REGION};
use crate::{
    framework::{
        data_source::{DataSource, ReadCx},
        diag::Outcome,
        model::{Attr, Schema},
        path::Path,
        schema::{computed, optional, optional_computed},
    },
    hss::{Api, checks, filters, report::Blame},
};

/// The data source.
pub struct Statistics;

/// Its attributes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub enterprise_project_id: Attr<String>,
    pub region: Attr<String>,
    pub protect_host_num: Attr<i64>,
    pub protect_success_host_num: Attr<i64>,
    pub protect_fail_host_num: Attr<i64>,
    pub anti_tampering_num: Attr<i64>,
}

const PROTECT_HOST_NUM: Path = Path::root("protect_host_num");
const PROTECT_SUCCESS_HOST_NUM: Path = Path::root("protect_success_host_num");
const PROTECT_FAIL_HOST_NUM: Path = Path::root("protect_fail_host_num");
const ANTI_TAMPERING_NUM: Path = Path::root("anti_tampering_num");

impl DataSource<Api> for Statistics {
    type Model = Model;
    const NAME: &'static str = "hss_wtp_statistics";

    #[rustfmt::skip]
    fn schema(&self) -> Schema<Model> {
        Schema::<Model>::new("Reads the counters of Web Tamper Protection (WTP). They say nothing of remote backup: `hss_wtp_coverage` does.")
            .attr(ENTERPRISE_PROJECT_ID, |m| &mut m.enterprise_project_id, optional().text(filters::enterprise_project), place::ENTERPRISE_PROJECT_TEXT)
            .attr(REGION, |m| &mut m.region, optional_computed().text(checks::region), place::REGION_TEXT)
            .attr(PROTECT_HOST_NUM, |m| &mut m.protect_host_num, computed(), "Servers for which WTP is switched on, whatever became of it.")
            .attr(PROTECT_SUCCESS_HOST_NUM, |m| &mut m.protect_success_host_num, computed(), "Servers that are protected.")
            .attr(PROTECT_FAIL_HOST_NUM, |m| &mut m.protect_fail_host_num, computed(), "Servers on which WTP failed to start.")
            .attr(ANTI_TAMPERING_NUM, |m| &mut m.anti_tampering_num, computed(), "Attacks within the last 7 days.")
    }

    async fn read(&self, cx: &ReadCx<'_, Api>, mut config: Model) -> Outcome<Model> {
        let place =
            Place { region: &mut config.region, enterprise_project_id: &config.enterprise_project_id };
        let counters = place::read_at(cx, place, async |session| {
            session.show_wtp_statistics().await.whole("Could not read the counters of Web Tamper Protection")
        })
        .await?;
        config.protect_host_num = counters.protect_host_num.into();
        config.protect_success_host_num = counters.protect_success_host_num.into();
        config.protect_fail_host_num = counters.protect_fail_host_num.into();
        config.anti_tampering_num = counters.anti_tampering_num.into();
        Ok(config)
    }
}
