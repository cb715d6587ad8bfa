//! A storm: faults of several kinds on a share of all calls.
//!
//! Whether a call is hit, and by what, is drawn from the seed, the operation, the server it is about, and how many such
//! calls there were before. So calls that run at the same time cannot change each other's fate, and a run with the same
//! seed meets the same faults in whatever order its calls arrive.

use super::{
    call::Call,
    chance::Chance,
    faults::{self, Fault},
    operations::Route,
    state::State,
};

/// The `storm` knob.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Storm {
    /// How many calls of a hundred are hit.
    percent: u64,
    faults: Vec<Fault>,
}

impl Storm {
    /// Reads `PERCENT%KIND+KIND…`; nothing is calm.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (percent, kinds) = text.split_once('%').ok_or("expected PERCENT%KIND+KIND")?;
        let percent = percent.parse().ok().filter(|percent| (1..=100).contains(percent));
        let percent = percent.ok_or("the share is 1 to 100")?;
        let fault = |kind| faults::fault(kind).ok_or_else(|| format!("no kind of fault \"{kind}\""));
        Ok(Self { percent, faults: kinds.split('+').map(fault).collect::<Result<_, _>>()? })
    }

    /// The text it was read from.
    pub(super) fn render(&self) -> String {
        if self.percent == 0 {
            return String::new();
        }
        let kinds: Vec<String> = self.faults.iter().map(Fault::name).collect();
        format!("{}%{}", self.percent, kinds.join("+"))
    }

    /// The fault of the n-th call with this key.
    fn fault(&self, seed: u64, key: &str, number: u64) -> Option<Fault> {
        let mut mixed = seed;
        for byte in key.bytes().chain(number.to_be_bytes()) {
            mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        let mut chance = Chance::new(mixed);
        if chance.below(100) >= self.percent {
            return None;
        }
        self.faults.get(usize::try_from(chance.below(self.faults.len() as u64)).ok()?).cloned()
    }
}

/// The fault for this call, if the storm hits it.
pub(super) fn next(state: &mut State, call: &Call, route: &Route) -> Option<Fault> {
    if state.knobs.storm.percent == 0 {
        return None;
    }
    let key = format!("{} {}", route.operation(), subject(call, route));
    let number = state.gusts.entry(key.clone()).or_default();
    *number += 1;
    state.knobs.storm.fault(state.knobs.seed, &key, *number)
}

/// The server a call is about, or nothing for a call about all of them.
fn subject(call: &Call, route: &Route) -> String {
    if let Route::Hss { host, .. } = route
        && !host.is_empty()
    {
        return host.clone();
    }
    if let Some(id) = call.query().first("host_id") {
        return id.to_owned();
    }
    let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let id = body["host_id"].as_str().or_else(|| body["backup_host_id_list"][0].as_str());
    id.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_reads_back_as_it_was_written() {
        for text in ["", "30%503", "100%429+reset-after+500-after+null+wrong-types+slow"] {
            assert_eq!(Storm::parse(text).unwrap().render(), text);
        }
        for wrong in ["503", "0%503", "101%503", "5%", "5%418", "5%500,503"] {
            assert!(Storm::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_seed_meets_the_same_faults_and_another_one_others() {
        let storm = Storm::parse("30%503+reset-after").unwrap();
        let fate = |seed, key| (0..400).map(|n| storm.fault(seed, key, n)).collect::<Vec<_>>();
        assert_eq!(fate(7, "SetRemoteBackupInfo web-1"), fate(7, "SetRemoteBackupInfo web-1"));
        assert_ne!(fate(7, "SetRemoteBackupInfo web-1"), fate(8, "SetRemoteBackupInfo web-1"));
        assert_ne!(fate(7, "SetRemoteBackupInfo web-1"), fate(7, "SetRemoteBackupInfo web-2"));
        let hits = fate(7, "x").iter().flatten().count();
        assert!((80..160).contains(&hits), "about a third of 400, not {hits}");
    }
}
