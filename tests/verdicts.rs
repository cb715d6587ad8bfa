//! The retry verdict over everything that can come back: status, code, operation, attempt, allowance.
//!
//! The rows are the vendor's tables of HSS, gateway and identity codes, and what proxies answer in their place. What is
//! expected is written down here once more, so that a change of the rule shows as a change of this page.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use terraform_provider_hss::rest::{Effect, Fault, History, Lost, Outcome, Reason, Verdict, verdict};

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Done,
    /// Not repeated, whatever the operation: the answer would be the same, or the key would be locked.
    Never,
    /// The quota: repeated for every operation and without count, unless there are to be no retries at all.
    Quota,
    /// It did not reach the service: repeated for every operation.
    Any,
    /// It may have had its effect: repeated for what can be done twice.
    Repeatable,
}
use Rule::{Any, Done, Never, Quota, Repeatable};

/// Status, codes that come with it, rule.
const ANSWERS: &[(u16, &[&str], Rule)] = &[
    (200, &[""], Done),
    (201, &[""], Done),
    (202, &[""], Done),
    (204, &[""], Done),
    (301, &["<html>"], Never),
    (302, &[""], Never),
    (304, &[""], Never),
    (307, &[""], Never),
    (
        400,
        &[
            "HSS.0001",
            "HSS.0002",
            "HSS.0010",
            "HSS.0011",
            "HSS.0013",
            "HSS.0014",
            "HSS.1001",
            "HSS.1002",
            "HSS.1003",
            "HSS.1004",
            "HSS.1005",
            "HSS.1006",
            "HSS.1007",
            "HSS.1008",
            "HSS.1009",
            "HSS.1010",
            "HSS.1011",
            "HSS.1018",
            "HSS.1019",
            "HSS.1020",
            "HSS.1021",
            "00000010",
            "APIGW.0106",
            "APIGW.0201",
            "APIGW.0602",
            "APIGW.0607",
            "IAM.0007",
            "IAM.0011",
            "",
            "<html>",
        ],
        Never,
    ),
    (
        401,
        &["APIGW.0301", "APIGW.0303", "APIGW.0305", "APIGW.0307", "APIGW.0311", "IAM.0007", "401", ""],
        Never,
    ),
    (
        403,
        &[
            "APIGW.0302",
            "APIGW.0304",
            "APIGW.0306",
            "APIGW.0310",
            "APIGW.0401",
            "APIGW.0402",
            "APIGW.0404",
            "APIGW.0801",
            "APIGW.0802",
            "IAM.0003",
            "PAP5.0001",
            "403",
            "",
        ],
        Never,
    ),
    (404, &["APIGW.0101", "APIGW.0103", "APIG.0101", "IAM.0004", "404", "", "<html>"], Never),
    (405, &["APIGW.0501", "APIGW.0502", ""], Never),
    (408, &[""], Never),
    (409, &["HSS.1020", "409", ""], Never),
    (413, &["APIGW.0201"], Never),
    (414, &["APIGW.0201"], Never),
    (418, &[""], Never),
    (429, &["APIGW.0308", "429", "HSS.0429", "", "<html>"], Quota),
    (494, &["APIGW.0201"], Never),
    (
        500,
        &[
            "HSS.0041",
            "APIGW.0601",
            "APIGW.0605",
            "APIGW.0606",
            "APIGW.0608",
            "APIGW.0609",
            "APIGW.0611",
            "APIGW.0612",
            "APIGW.0705",
            "IAM.0006",
            "500",
            "",
            "<html>",
        ],
        Repeatable,
    ),
    (501, &[""], Repeatable),
    (502, &["APIGW.0201", "APIGW.0202", "APIGW.0610", "", "<html>"], Repeatable),
    (503, &["APIGW.0613", "", "<html>"], Any),
    (504, &["APIGW.0201", "APIGW.0203", "", "<html>"], Repeatable),
    (599, &[""], Repeatable),
];

/// Ways to get no answer.
const SILENCES: &[(Lost, Rule)] = &[
    (Lost::Hopeless, Never),
    (Lost::NotSent, Any),
    (Lost::Unanswered, Repeatable),
    (Lost::Unreadable, Never),
];

/// Every operation, and one that must not be done twice, as none of them is.
const OPERATIONS: &[(&str, Effect)] = &[
    ("UpdateBackupHostInfo", Effect::Set),
    ("ListBackupHostsInfo", Effect::Read),
    ("DeleteBackupHostInfo", Effect::Set),
    ("SetRemoteBackupInfo", Effect::Set),
    ("ShowRemoteBackupHostInfo", Effect::Read),
    ("ListWtpProtectHost", Effect::Read),
    ("ListWebTamperHost", Effect::Read),
    ("KeystoneListProjects", Effect::Read),
    ("CreateToken", Effect::Read),
    ("an operation that adds something", Effect::Once),
];

/// One way to end: its name, its status or why there is none, what its body says, its rule.
type Row = (String, Option<u16>, Option<Lost>, Fault, Rule);

fn body(code: &str) -> String {
    match code {
        "" => String::new(),
        "<html>" => "<html><head><title>Sorry</title></head></html>".to_owned(),
        "APIGW.0308" => r#"{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached: policy user over ratelimit,limit:5,time:1 minute"}"#.to_owned(),
        number if number.parse::<u16>().is_ok() && number.len() == 3 => {
            format!(r#"{{"error":{{"code":{number},"message":"m","title":"t"}}}}"#)
        }
        code => format!(r#"{{"error_code":"{code}","error_msg":"m"}}"#),
    }
}

/// What the rule comes to for one attempt: whether it is done again at all, and why.
fn expected(rule: Rule, effect: Effect, history: History, status: Option<u16>) -> Option<Why> {
    let again = match rule {
        Done | Never => false,
        Quota => history.max_retries > 0,
        Any => history.retries < history.max_retries,
        Repeatable => effect != Effect::Once && history.retries < history.max_retries,
    };
    again.then_some(match (rule, status) {
        (Quota, _) => Why::Queued,
        (_, Some(_)) => Why::Because(Reason::ServerError),
        (_, None) => Why::Because(Reason::LostAnswer),
    })
}

/// Why a call is repeated: in its turn, or after a wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Queued,
    Because(Reason),
}

#[test]
fn the_whole_table() {
    let mut checked = 0_u32;
    let mut outcomes: Vec<Row> = Vec::new();
    for (status, codes, rule) in ANSWERS {
        for code in *codes {
            let fault = Fault::parse(body(code).as_bytes());
            outcomes.push((format!("{status} {code}"), Some(*status), None, fault, *rule));
        }
    }
    for (lost, rule) in SILENCES {
        outcomes.push((format!("{lost:?}"), None, Some(*lost), Fault::default(), *rule));
    }
    for (name, status, lost, fault, rule) in &outcomes {
        for (operation, effect) in OPERATIONS {
            for max_retries in [0, 1, 5, u32::MAX] {
                for retries in 0..=6 {
                    for retry_after in [None, Some(7)] {
                        let history = History { retries, max_retries };
                        let outcome = match (status, lost) {
                            (Some(status), _) => Outcome::Answer {
                                status: *status,
                                message: fault.message.as_deref(),
                                retry_after: retry_after.map(Duration::from_secs),
                            },
                            (None, lost) => Outcome::Lost(lost.unwrap()),
                        };
                        let verdicts =
                            [0.0, 0.5, 1.0].map(|jitter| verdict(&outcome, *effect, history, jitter));
                        let place = format!("{name} {operation} {history:?}");
                        let why = expected(*rule, *effect, history, *status);
                        for found in verdicts {
                            checked += 1;
                            match (found, why) {
                                (Verdict::Done, None) => assert_eq!(*rule, Done, "{place}"),
                                (Verdict::Fail, None) => assert_ne!(*rule, Done, "{place}"),
                                (Verdict::Queue(said), Some(Why::Queued)) => {
                                    assert_eq!(
                                        said.retry_after,
                                        retry_after.map(Duration::from_secs),
                                        "{place}"
                                    );
                                    let named = said.rate.map(|rate| (rate.calls, rate.window.as_secs()));
                                    assert_eq!(
                                        named,
                                        name.contains("APIGW.0308").then_some((5, 60)),
                                        "{place}"
                                    );
                                }
                                (Verdict::Again { reason, wait }, Some(Why::Because(expected))) => {
                                    assert_eq!(reason, expected, "{place}");
                                    assert!(wait <= Duration::from_secs(60), "{place}: {wait:?}");
                                    assert!(wait >= Duration::from_secs(1), "{place}: {wait:?}");
                                }
                                (found, why) => panic!("{place}: {found:?}, expected {why:?}"),
                            }
                        }
                        // Callers that failed together do not come back together, unless they were told when to.
                        if let [Verdict::Again { wait: early, .. }, _, Verdict::Again { wait: late, .. }] =
                            verdicts
                        {
                            let asked = retry_after.is_some() && status.is_some();
                            let longest = early >= Duration::from_secs(60);
                            assert!(early < late || asked || longest, "{place}: {early:?} {late:?}");
                        }
                    }
                }
            }
        }
    }
    println!("{checked} verdicts, {} outcomes, {} operations", outcomes.len(), OPERATIONS.len());
    assert!(checked > 100_000, "{checked}");
}
