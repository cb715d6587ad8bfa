//! What goes wrong, drawn from a seed: a pure function, so that a seed means the same everywhere.

use serde_json::{Value as Json, json};

/// The same numbers for the same seed on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x1234_5678).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 20
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.next()).unwrap() % items.len()]
    }
}

/// Families of trouble: the rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    Quota,
    ServerErrors,
    LostAnswers,
    WrongBodies,
    OddShapes,
    NewStatuses,
    Refusals,
    SlowAnswers,
    RestlessLists,
    LaggingLists,
    FailedStarts,
    VanishingServers,
    ExpiredTokens,
    Everything,
    ProviderKilled,
    InterruptedOnce,
    InterruptedTwice,
    DiskFull,
}

impl Family {
    pub(crate) const ALL: [Self; 18] = [
        Self::Quota,
        Self::ServerErrors,
        Self::LostAnswers,
        Self::WrongBodies,
        Self::OddShapes,
        Self::NewStatuses,
        Self::Refusals,
        Self::SlowAnswers,
        Self::RestlessLists,
        Self::LaggingLists,
        Self::FailedStarts,
        Self::VanishingServers,
        Self::ExpiredTokens,
        Self::Everything,
        Self::ProviderKilled,
        Self::InterruptedOnce,
        Self::InterruptedTwice,
        Self::DiskFull,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota (429)",
            Self::ServerErrors => "500, 502 with HTML, 503, 504",
            Self::LostAnswers => "resets and cut bodies",
            Self::WrongBodies => "bodies that are none",
            Self::OddShapes => "unknown, null, missing fields",
            Self::NewStatuses => "statuses nobody knows",
            Self::Refusals => "401, 403, 404, HSS codes",
            Self::SlowAnswers => "slow answers",
            Self::RestlessLists => "shuffled, growing lists",
            Self::LaggingLists => "lists that lag",
            Self::FailedStarts => "servers that fail to start",
            Self::VanishingServers => "servers that vanish",
            Self::ExpiredTokens => "tokens that expire",
            Self::Everything => "all of these answers at once",
            Self::ProviderKilled => "provider killed (SIGKILL)",
            Self::InterruptedOnce => "interrupted once",
            Self::InterruptedTwice => "interrupted twice",
            Self::DiskFull => "no space for the state",
        }
    }

    /// Whether Terraform itself may lose what it knows: then the next apply has to find it again, and until then the
    /// state may lack it.
    pub(crate) fn is_violent(self) -> bool {
        matches!(self, Self::ProviderKilled | Self::InterruptedTwice | Self::DiskFull)
    }
}

/// What is done to processes and to the world, once so many calls have been made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strike {
    None,
    KillProvider,
    Interrupt {
        times: u32,
    },
    /// A protected server leaves HSS.
    LoseServer(usize),
    /// Somebody deletes a registration.
    LoseVault(usize),
    /// All tokens end.
    EndTokens,
}

/// The trouble of one command.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    pub(crate) family: Family,
    /// Knobs of the simulator.
    pub(crate) knobs: Vec<(&'static str, Json)>,
    pub(crate) strike: Strike,
    /// The strike comes with this call.
    pub(crate) at_call: usize,
    /// The largest file that may be written, in blocks of the shell.
    pub(crate) file_blocks: Option<u64>,
    /// How many operations Terraform runs at a time.
    pub(crate) parallelism: u64,
}

const SERVER_ERRORS: &[&str] =
    &["500", "502", "502-json", "503", "504", "500-after", "502-after", "504-after"];
const LOST: &[&str] = &["reset-before", "reset-after", "truncated"];
const WRONG: &[&str] = &["not-json", "null", "array", "wrong-types", "bodiless"];
const REFUSED: &[&str] = &["401", "403", "404", "HSS.0011", "00000010", "HSS.0041", "HSS.1006", "403-after"];

impl Attack {
    pub(crate) fn of(seed: u64, phase: u64) -> Self {
        let mut dice = Dice::new(seed.wrapping_mul(3).wrapping_add(phase));
        // Every family has its turn, whichever seeds are played.
        let turn = usize::try_from(seed * 7 + phase * 5).unwrap();
        let family = Family::ALL[turn % Family::ALL.len()];
        let mut attack = Self {
            family,
            knobs: vec![
                ("seed", json!(seed * 3 + phase)),
                // Otherwise a test would wait as long as the vendor's quota makes people wait.
                ("retry_after", json!(dice.between(0, 1))),
                (
                    "start_sequence",
                    json!(dice.pick(&["straight", "straight", "starting", "not_started", "stale"])),
                ),
                ("write_body", json!(dice.pick(&["empty", "{}"]))),
                ("show_off", json!(dice.pick(&["false", "empty", "blank", "stale"]))),
            ],
            strike: Strike::None,
            at_call: usize::try_from(dice.between(1, 16)).unwrap(),
            file_blocks: None,
            parallelism: *dice.pick(&[1, 3, 10]),
        };
        attack.arm(&mut dice);
        attack
    }

    fn arm(&mut self, dice: &mut Dice) {
        let storm = |percent: u64, kinds: &[&str]| ("storm", json!(format!("{percent}%{}", kinds.join("+"))));
        let percent = dice.between(8, 30);
        match self.family {
            Family::Quota => self.knobs.push(storm(percent + 20, &["429"])),
            Family::ServerErrors => self.knobs.push(storm(percent, SERVER_ERRORS)),
            Family::LostAnswers => self.knobs.push(storm(percent, LOST)),
            Family::WrongBodies => self.knobs.push(storm(percent / 2, WRONG)),
            Family::OddShapes => {
                self.knobs.push(("extra_fields", json!("on")));
                self.knobs.push((*dice.pick(&["null_fields", "missing_fields"]), json!("on")));
                self.knobs.push(("missing_backup_host_id", json!(dice.pick(&["on", "off"]))));
            }
            Family::NewStatuses => {
                self.knobs.push(storm(percent + 20, &["new-status"]));
                self.knobs.push(("start_result", dice.pick(&[json!("running"), json!(7)]).clone()));
            }
            Family::Refusals => self.knobs.push(storm(percent / 2, REFUSED)),
            Family::SlowAnswers => {
                self.knobs.push(storm(percent, &["slow"]));
                self.knobs.push(("slow_ms", json!(dice.between(200, 3000))));
                self.knobs.push(("latency_ms", json!("0-60")));
            }
            Family::RestlessLists => {
                self.knobs.push(("list_order", json!(dice.pick(&["shuffled", "inserting"]))));
            }
            Family::LaggingLists => self.knobs.push(("list_lag_ms", json!(dice.between(100, 900)))),
            Family::FailedStarts => {
                self.knobs.push(("start_result", json!(dice.pick(&["failed", "not_started"]))));
                self.knobs.push(("start_sequence", json!(dice.pick(&["straight", "stuck", "starting"]))));
            }
            Family::VanishingServers => {
                let which = usize::try_from(dice.between(0, 9)).unwrap();
                self.strike =
                    if dice.one_in(2) { Strike::LoseServer(which) } else { Strike::LoseVault(which) };
                self.knobs.push(("latency_ms", json!("0-20")));
            }
            Family::ExpiredTokens => {
                self.strike = Strike::EndTokens;
                self.knobs.push(("latency_ms", json!("0-20")));
            }
            Family::Everything => {
                let kinds = [SERVER_ERRORS, LOST, WRONG, &["429", "slow", "new-status"]].concat();
                self.knobs.push(storm(percent / 2, &kinds));
                self.knobs.push(("slow_ms", json!(400)));
                self.knobs.push(("extra_fields", json!("on")));
            }
            Family::ProviderKilled | Family::InterruptedOnce | Family::InterruptedTwice => {
                self.strike = match self.family {
                    Family::ProviderKilled => Strike::KillProvider,
                    Family::InterruptedOnce => Strike::Interrupt { times: 1 },
                    _ => Strike::Interrupt { times: 2 },
                };
                // So that the moment falls into calls as well as between them.
                self.knobs.push(("latency_ms", json!("5-40")));
                if dice.one_in(3) {
                    self.knobs.push(storm(10, &[LOST, SERVER_ERRORS].concat()));
                }
            }
            Family::DiskFull => self.file_blocks = Some(dice.between(1, 20)),
        }
    }
}
