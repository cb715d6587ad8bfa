//! The way of a call: authentication, authorisation, throttle, fault, operation, journal.
//!
//! It runs under the state's lock from end to end, so whatever the journal says has happened.

use serde_json::{Value, json};

use super::{
    backup_hosts,
    call::Call,
    faults::{self, Fault, Kind},
    iam,
    identity::{self, Caller, Credential},
    moment,
    operations::{self, Route},
    remote_backup,
    reply::{Answer, Payload, Reply},
    state::{State, Window},
    storm, wtp,
};

/// What goes over the wire in the end.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    pub(super) request_id: String,
    pub(super) operation: &'static str,
    pub(super) who: String,
    pub(super) spoil: Option<Spoil>,
}

/// Damage that cannot be told by a status and a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spoil {
    /// No answer: the connection is reset.
    Reset,
    /// Half of the body, then the end of the connection.
    Truncate,
    /// The answer comes this many milliseconds late.
    Delay(u64),
}

/// Carries a call out and writes it down.
pub(super) fn carry_out(state: &mut State, call: &Call) -> Outcome {
    state.settle(call.now.instant);
    let token_method = call.path == "/v3/auth/tokens" && iam::is_token_method(&call.body);
    let route = operations::route(&call.method, &call.path, token_method);
    let operation = route.operation();
    let caller = identity::authenticate(state, call);
    let mut who = caller.as_ref().map_or_else(|_| "anonymous".to_owned(), Caller::told);

    let mut spoil = None;
    let mut fault = None;
    let answer = match admit(state, call, &route, caller) {
        Err(refusal) => Err(refusal),
        Ok(()) => {
            let ruled = faults::next(&mut state.knobs.fault, operation, &mut state.chance);
            fault = ruled.or_else(|| storm::next(state, call, &route));
            match fault.clone() {
                Some(fault) => spoiled(state, call, &route, &mut who, fault, &mut spoil),
                None => perform(state, call, &route, &mut who),
            }
        }
    };
    let reply = answer.unwrap_or_else(|refusal| refusal);
    let status = if spoil == Some(Spoil::Reset) { 0 } else { reply.status };
    let mut row = json!({
        "method": call.method,
        "path": call.path,
        "query": call.query().to_json(),
        "operation": operation,
        "status": status,
        "who": who,
        "at": moment::to_milliseconds(call.now.wall),
    });
    if let Some(fault) = fault {
        row["fault"] = json!(fault.name());
    }
    state.journal.push(row);
    Outcome { reply, request_id: state.fresh_id(), operation, who, spoil }
}

/// Everything the gateway checks before the service sees the call.
fn admit(state: &mut State, call: &Call, route: &Route, caller: Result<Caller, Reply>) -> Result<(), Reply> {
    match route {
        Route::Unknown => return Err(Reply::not_published()),
        Route::Iam { operation } => {
            if state.knobs.deny.contains(operation) {
                return Err(Reply::keystone(403, "You are not authorized to perform the requested action."));
            }
            if call.path != "/v3/auth/tokens" {
                caller?;
            }
        }
        Route::Hss { operation, project, .. } => {
            let caller = caller?;
            may_use_project(state, call, project, &caller)?;
            if state.knobs.deny.contains(operation) {
                return Err(Reply::gateway(
                    403,
                    "APIGW.0302",
                    "The IAM user is not authorized to access the API",
                ));
            }
            throttle(state, call, operation, caller.who)?;
        }
    }
    Ok(())
}

/// The project must exist, and both the token and the project header must mean the same one.
fn may_use_project(state: &State, call: &Call, project: &str, caller: &Caller) -> Result<(), Reply> {
    let known = state.world.projects.iter().any(|it| it.id == project);
    let agrees = match &caller.credential {
        Credential::Token(scope) => scope.as_deref() == Some(project),
        Credential::Keys => call.header("x-project-id").is_none_or(|header| header == project),
    };
    if known && agrees { Ok(()) } else { Err(Reply::project_unavailable()) }
}

/// Counts the call in its window, unless the window is full: refused calls do not count.
fn throttle(state: &mut State, call: &Call, operation: &'static str, who: String) -> Result<(), Reply> {
    let Some((calls, seconds)) = state.knobs.throttle else { return Ok(()) };
    let now = call.now.instant;
    let window = state.windows.entry((who, operation)).or_insert(Window { since: now, calls: 0 });
    if now.saturating_duration_since(window.since).as_secs() >= seconds {
        *window = Window { since: now, calls: 0 };
    }
    if window.calls >= calls {
        return Err(Reply::throttled(calls, seconds, state.knobs.retry_after));
    }
    window.calls += 1;
    Ok(())
}

fn perform(state: &mut State, call: &Call, route: &Route, who: &mut String) -> Answer {
    if call.method != "GET" {
        state.past.remember(&state.knobs, &state.world, call.now.instant);
    }
    match route {
        Route::Unknown => Err(Reply::not_published()),
        Route::Hss { operation, .. } if operation.starts_with("List") => {
            // A list that lags shows what was; nothing else does.
            let Some(then) = state.past.world_then(&state.knobs, call.now.instant) else {
                return list(state, call, operation);
            };
            let now = std::mem::replace(&mut state.world, then);
            let answer = list(state, call, operation);
            state.world = now;
            answer
        }
        Route::Hss { operation, host, .. } => match *operation {
            "UpdateBackupHostInfo" => backup_hosts::update(state, call),
            "DeleteBackupHostInfo" => backup_hosts::delete(state, call),
            "SetRemoteBackupInfo" => remote_backup::set(state, call, host),
            "ShowRemoteBackupHostInfo" => remote_backup::show(state, call, host),
            "SetWtpProtectionStatusInfo" => wtp::switch(state, call),
            "ShowWtpProtectStatistics" => wtp::statistics(state, call),
            _ => Err(Reply::not_published()),
        },
        Route::Iam { operation } => match *operation {
            "KeystoneListProjects" => iam::projects(state, call),
            "KeystoneListAuthDomains" => iam::domains(state, call),
            "KeystoneListUsers" => iam::users(state, call),
            _ => {
                let (answer, user) = iam::create_token(state, call);
                *who = user.unwrap_or_else(|| "anonymous".to_owned());
                answer
            }
        },
    }
}

fn list(state: &mut State, call: &Call, operation: &str) -> Answer {
    match operation {
        "ListBackupHostsInfo" => backup_hosts::list(state, call),
        "ListWtpProtectHost" => wtp::list_protected(state, call),
        "ListWebTamperHost" => wtp::list_eligible(state, call),
        _ => Err(Reply::not_published()),
    }
}

/// The answer under a fault: in place of the operation, or in place of its answer.
fn spoiled(
    state: &mut State,
    call: &Call,
    route: &Route,
    who: &mut String,
    fault: Fault,
    spoil: &mut Option<Spoil>,
) -> Answer {
    let answer = if fault.after { perform(state, call, route, who) } else { Ok(Reply::empty(200)) };
    match fault.kind {
        Kind::Reset => *spoil = Some(Spoil::Reset),
        Kind::Truncated => *spoil = Some(Spoil::Truncate),
        Kind::NotJson => {
            return Ok(Reply::new(200, Payload::Text("text/html", "<html>not what you expected</html>")));
        }
        Kind::Other(text) => return Ok(Reply::new(200, Payload::Text("application/json", text))),
        Kind::Bodiless => return Ok(Reply::empty(200)),
        Kind::Slow => *spoil = Some(Spoil::Delay(state.knobs.slow_ms)),
        Kind::NewStatus => return answer.map(with_new_status),
        Kind::BadGatewayJson => return Err(Reply::gateway(502, "APIGW.0202", "Backend unavailable")),
        Kind::Code(code) if code == "00000010" => return Err(Reply::bare_denial()),
        Kind::Code(code) => return Err(Reply::hss(&code, "injected by the simulator")),
        Kind::Status(status) => return Err(fault_status(state, status)),
    }
    answer
}

/// Statuses are numbers or words that are added to over the years.
fn with_new_status(mut reply: Reply) -> Reply {
    fn spoil(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(spoil),
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "backup_host_status" => *value = json!(17),
                        "protect_status" | "agent_status" | "host_status" => *value = json!("rebalancing"),
                        _ => spoil(value),
                    }
                }
            }
            _ => {}
        }
    }
    if let Payload::Json(body) = &mut reply.body {
        spoil(body);
    }
    reply
}

fn fault_status(state: &State, status: u16) -> Reply {
    let mut reply = status_reply(state, status);
    // A 429 has it already.
    if status >= 500 {
        reply.headers.extend(state.knobs.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
    }
    reply
}

fn status_reply(state: &State, status: u16) -> Reply {
    match status {
        401 => Reply::unauthenticated("token expires"),
        403 => Reply::gateway(403, "APIGW.0302", "The IAM user is not authorized to access the API"),
        404 => Reply::not_published(),
        429 => Reply::throttled(5, 60, state.knobs.retry_after),
        503 => Reply::gateway(503, "APIGW.0613", "IAM is temporarily unavailable"),
        504 => Reply::gateway(504, "APIGW.0203", "Backend timeout"),
        502 => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>";
            Reply::new(502, Payload::Text("text/html", page))
        }
        status => Reply { status, ..Reply::hss("HSS.0041", "the service failed") },
    }
}
