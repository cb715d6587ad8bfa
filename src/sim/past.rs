//! What the world was like a while ago, for lists that lag behind writes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{knobs::Knobs, world::World};

/// The world before each of the latest writes.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<(Instant, World)>);

impl Past {
    /// Keeps the world as it is before a write, where lists lag at all.
    pub(super) fn remember(&mut self, knobs: &Knobs, world: &World, now: Instant) {
        if knobs.list_lag_ms > 0 {
            self.0.push_back((now, world.clone()));
        }
    }

    /// The world that lists show now, where it is not the present one: what was before the oldest write that they do
    /// not know of yet.
    pub(super) fn world_then(&mut self, knobs: &Knobs, now: Instant) -> Option<World> {
        let lag = Duration::from_millis(knobs.list_lag_ms);
        while self.0.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= lag) {
            self.0.pop_front();
        }
        self.0.front().map(|(_, world)| world.clone())
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::moment;

    #[test]
    fn lists_catch_up() {
        let begin = moment::now().instant;
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        let knobs = Knobs { list_lag_ms: 100, ..Knobs::default() };
        let mut world = World::built_in();
        let mut past = Past::default();
        past.remember(&knobs, &world, at(0));
        let all = world.hosts.iter().count();
        let id = world.hosts.iter().next().unwrap().host_id.clone();
        world.hosts.remove(&id);
        past.remember(&knobs, &world, at(60));
        let mut seen = |now| past.world_then(&knobs, at(now)).map(|world| world.hosts.iter().count());
        assert_eq!(
            [seen(50), seen(99), seen(100), seen(159), seen(160)],
            [Some(all), Some(all), Some(all - 1), Some(all - 1), None]
        );
        past.remember(&Knobs::default(), &world, at(200));
        assert!(past.0.is_empty(), "nothing is kept where nothing lags");
    }
}
