//! The counters of Web Tamper Protection.

use serde::Deserialize;

use super::{Error, Session, call::Values, operation::SHOW_STATISTICS};

/// How many servers are protected, and how often they were attacked. Anything may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct WtpStatistics {
    /// Servers with protection switched on, whatever became of it.
    pub protect_host_num: Option<i64>,
    /// Those that are protected.
    pub protect_success_host_num: Option<i64>,
    /// Those whose protection failed to start.
    pub protect_fail_host_num: Option<i64>,
    /// Attacks within the last 7 days.
    pub anti_tampering_num: Option<i64>,
}

impl Session {
    /// The counters as they are now.
    pub async fn show_wtp_statistics(&self) -> Result<WtpStatistics, Error> {
        let values = Values { path: &["wtp", "statistics"], ..Values::default() };
        self.read(&SHOW_STATISTICS, values).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::testing::rig, rest::testing::Answer};

    #[tokio::test]
    async fn counters_are_read_and_may_be_missing() {
        let answer = r#"{"protect_host_num":4,"protect_success_host_num":3,"anti_tampering_num":null,"x":1}"#;
        let rig = rig(vec![Answer::status(200).body(answer)]).await;
        let expected = WtpStatistics {
            protect_host_num: Some(4),
            protect_success_host_num: Some(3),
            ..WtpStatistics::default()
        };
        assert_eq!(rig.session().show_wtp_statistics().await.unwrap(), expected);
        assert_eq!(rig.lines(), ["GET /v5/p0/wtp/statistics?enterprise_project_id=all_granted_eps"]);
    }
}
