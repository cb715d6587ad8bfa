//! What a list tells of a server besides its state of protection. Most worlds leave all of it out, and then every server
//! is an ordinary one.

use serde_json::{Map, Value, json};

use super::world_members::{Members, Outcome};

pub(super) const ASSET_VALUES: &[&str] = &["important", "common", "test"];
pub(super) const RASP_STATUSES: &[&str] = &["opened", "closed"];
const CHARGING_MODES: &[&str] = &["packet_cycle", "on_demand"];
const ATTACKS: std::ops::RangeInclusive<i64> = 0..=2_000_000_000;

/// The members of a world file's server that say nothing about remote backup.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Details {
    pub(super) public_ip: String,
    pub(super) group_id: String,
    pub(super) group_name: String,
    pub(super) asset_value: &'static str,
    pub(super) charging_mode: &'static str,
    pub(super) resource_id: String,
    pub(super) rasp_protect_status: &'static str,
    pub(super) anti_tampering_times: i64,
    pub(super) detect_tampering_times: i64,
    /// None: one directory is missing where protection is partial.
    pub(super) abnormal_dir_list: Option<Vec<String>>,
    pub(super) abnormal_reason: Option<i64>,
    /// None: some text where protection is interrupted.
    pub(super) interrupt_reason: Option<String>,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            public_ip: String::new(),
            group_id: String::new(),
            group_name: String::new(),
            asset_value: "common",
            charging_mode: "on_demand",
            resource_id: String::new(),
            rasp_protect_status: "closed",
            anti_tampering_times: 0,
            detect_tampering_times: 0,
            abnormal_dir_list: None,
            abnormal_reason: None,
            interrupt_reason: None,
        }
    }
}

impl Details {
    pub(super) fn read(host: &mut Members<'_>) -> Outcome<Self> {
        let ordinary = Self::default();
        Ok(Self {
            public_ip: host.text("public_ip")?.unwrap_or_default(),
            group_id: host.text("group_id")?.unwrap_or_default(),
            group_name: host.text("group_name")?.unwrap_or_default(),
            asset_value: host.one_of("asset_value", ASSET_VALUES)?.unwrap_or(ordinary.asset_value),
            charging_mode: host.one_of("charging_mode", CHARGING_MODES)?.unwrap_or(ordinary.charging_mode),
            resource_id: host.text("resource_id")?.unwrap_or_default(),
            rasp_protect_status: host
                .one_of("rasp_protect_status", RASP_STATUSES)?
                .unwrap_or(ordinary.rasp_protect_status),
            anti_tampering_times: host.number("anti_tampering_times", ATTACKS)?.unwrap_or_default(),
            detect_tampering_times: host.number("detect_tampering_times", ATTACKS)?.unwrap_or_default(),
            abnormal_dir_list: host.texts("abnormal_dir_list")?,
            abnormal_reason: host.number("abnormal_reason", i32::MIN.into()..=i32::MAX.into())?,
            interrupt_reason: host.text("interrupt_reason")?,
        })
    }

    /// Adds what is not as in an ordinary server.
    pub(super) fn add_to(&self, row: &mut Map<String, Value>) {
        let (own, ordinary) = (self.to_json(), Self::default().to_json());
        let (Value::Object(own), Value::Object(ordinary)) = (own, ordinary) else { return };
        row.extend(own.into_iter().filter(|(name, value)| ordinary.get(name) != Some(value)));
    }

    fn to_json(&self) -> Value {
        json!({
            "public_ip": self.public_ip,
            "group_id": self.group_id,
            "group_name": self.group_name,
            "asset_value": self.asset_value,
            "charging_mode": self.charging_mode,
            "resource_id": self.resource_id,
            "rasp_protect_status": self.rasp_protect_status,
            "anti_tampering_times": self.anti_tampering_times,
            "detect_tampering_times": self.detect_tampering_times,
            "abnormal_dir_list": self.abnormal_dir_list,
            "abnormal_reason": self.abnormal_reason,
            "interrupt_reason": self.interrupt_reason,
        })
    }
}
