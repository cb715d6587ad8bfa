//! The way of a call: authentication, authorisation, throttle, fault, operation, journal.
//!
//! It runs under the state's lock from end to end, so whatever the journal says has happened.

use serde_json::{Value, json};

use super::{
    accounts::Principal,
    backup_hosts,
    call::Call,
    faults::{self, Fault, Kind},
    iam,
    identity::{self, Caller, Credential},
    metadata, moment,
    operations::{self, Route},
    remote_backup,
    reply::{Answer, Payload, Reply},
    security_tokens,
    state::{State, Window},
    storm, sts, tokens, wtp,
};

/// What goes over the wire in the end.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    pub(super) request_id: String,
    pub(super) operation: &'static str,
    pub(super) actor: Actor,
    pub(super) spoil: Option<Spoil>,
}

/// Whose call it was, as far as it could prove that.
pub(super) struct Actor {
    /// The access key or the holder of the token.
    pub(super) who: String,
    /// For whom that stands.
    principal: Option<String>,
}

impl Actor {
    fn anonymous() -> Self {
        Self { who: "anonymous".to_owned(), principal: None }
    }

    /// Somebody who proved who they are by what the request holds.
    fn is(&mut self, principal: &Principal) {
        *self = Self { who: principal.name.clone(), principal: Some(principal.label.clone()) };
    }
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
    let (region, path) = call.place();
    let route = match region {
        Some(region) if !state.world.all_projects().any(|project| project.region() == region) => {
            Route::Unknown
        }
        _ => operations::route(&call.method, path, &tokens::method(call)),
    };
    let operation = route.operation();
    let caller = if route.is_open() { None } else { Some(identity::authenticate(state, call)) };
    let mut actor = match &caller {
        Some(Ok(caller)) => {
            let (who, label) = caller.told();
            Actor { who, principal: Some(label) }
        }
        _ => Actor::anonymous(),
    };

    let mut spoil = None;
    let mut fault = None;
    let answer = match caller.transpose().and_then(|caller| admit(state, call, &route, caller)) {
        _ if route == Route::Unknown => Err(Reply::not_published()),
        Err(refusal) => Err(refusal),
        Ok(caller) => {
            let ruled = faults::next(&mut state.knobs.fault, operation, &mut state.chance);
            fault = ruled.or_else(|| storm::next(state, call, &route));
            let acting = (caller.as_ref(), &mut actor);
            match fault.clone() {
                Some(fault) => spoiled(state, call, &route, acting, fault, &mut spoil),
                None => perform(state, call, &route, acting),
            }
        }
    };
    let mut reply = answer.unwrap_or_else(|refusal| refusal);
    let request_id = state.fresh_id();
    if matches!(route, Route::Iam { .. }) && path.starts_with("/v3") {
        reply.headers.push(("x-iam-trace-id", format!("token_sim_null_{request_id}")));
    }
    let status = if spoil == Some(Spoil::Reset) { 0 } else { reply.status };
    let mut row = json!({
        "method": call.method,
        "path": call.path,
        "query": call.query().to_json(),
        "operation": operation,
        "status": status,
        "who": actor.who,
        "at": moment::to_milliseconds(call.now.wall),
    });
    let others = [
        ("fault", fault.map(|fault| json!(fault.name()))),
        ("principal", actor.principal.as_ref().map(|principal| json!(principal))),
        ("error", reply.error_code().map(|code| json!(code))),
        ("user_agent", call.header("user-agent").map(|text| json!(text))),
        ("proxied", call.proxied.then_some(Value::Bool(true))),
    ];
    for (name, value) in others {
        if let Some(value) = value {
            row[name] = value;
        }
    }
    state.journal.push(row);
    Outcome { reply, request_id, operation, actor, spoil }
}

/// Everything that is checked before the service sees the call. The caller is there unless the operation is open.
fn admit(
    state: &mut State,
    call: &Call,
    route: &Route,
    caller: Option<Caller>,
) -> Result<Option<Caller>, Reply> {
    match (route, &caller) {
        (Route::Iam { operation }, _) if state.knobs.deny.contains(operation) => {
            return Err(denied(call, "You are not authorized to perform the requested action."));
        }
        (Route::Iam { .. }, Some(caller)) if !is_own_domain(call, caller) => {
            return Err(denied(call, "X-Domain-Id is not the account of the credentials."));
        }
        (Route::Hss { operation, project, .. }, Some(caller)) => {
            may_use_project(state, call, project, caller)?;
            if state.knobs.deny.contains(operation) {
                return Err(Reply::gateway(
                    403,
                    "APIGW.0302",
                    "The IAM user is not authorized to access the API",
                ));
            }
            throttle(state, call, operation, caller.who.clone())?;
        }
        _ => {}
    }
    Ok(caller)
}

/// A refusal for want of permission, as the interface that was called words it.
fn denied(call: &Call, message: &str) -> Reply {
    match call.place().1 {
        path if path.starts_with("/v3.0/") => Reply::iam(403, "IAM.0003", message),
        path if path.starts_with("/v5/") => Reply::sts_denied(message),
        _ => Reply::keystone(403, message),
    }
}

/// A signed call may name the account, but no other than that of its keys.
fn is_own_domain(call: &Call, caller: &Caller) -> bool {
    let named = call.header("x-domain-id").filter(|_| matches!(caller.credential, Credential::Keys { .. }));
    named.is_none_or(|id| id == caller.principal.domain.id)
}

/// The project must be one of the caller's account, in the region that was called, and the token or the project header
/// must mean the same one. Without the header, keys reach main projects only.
fn may_use_project(state: &State, call: &Call, project: &str, caller: &Caller) -> Result<(), Reply> {
    let projects = state.world.projects_of(&caller.principal.domain.id);
    let known = projects.iter().find(|it| it.id == project).ok_or_else(Reply::project_unavailable)?;
    let agrees = match &caller.credential {
        Credential::Token(scope) => scope.as_deref() == Some(project),
        Credential::Keys { .. } => match call.header("x-project-id") {
            Some(header) => header == project,
            None => !known.is_sub_project(),
        },
    };
    let here = call.place().0.is_none_or(|region| region == known.region());
    if agrees && here { Ok(()) } else { Err(Reply::project_unavailable()) }
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

type Acting<'a> = (Option<&'a Caller>, &'a mut Actor);

fn perform(state: &mut State, call: &Call, route: &Route, (caller, actor): Acting<'_>) -> Answer {
    if call.method != "GET" {
        state.past.remember(&state.knobs, &state.world, call.now.instant);
    }
    match (route, caller) {
        (Route::Hss { operation, .. }, _) if operation.starts_with("List") => {
            // A list that lags shows what was; nothing else does.
            let Some(then) = state.past.world_then(&state.knobs, call.now.instant) else {
                return list(state, call, operation);
            };
            let now = std::mem::replace(&mut state.world, then);
            let answer = list(state, call, operation);
            state.world = now;
            answer
        }
        (Route::Hss { operation, host, .. }, _) => match *operation {
            "UpdateBackupHostInfo" => backup_hosts::update(state, call),
            "DeleteBackupHostInfo" => backup_hosts::delete(state, call),
            "SetRemoteBackupInfo" => remote_backup::set(state, call, host),
            "ShowRemoteBackupHostInfo" => remote_backup::show(state, call, host),
            "SetWtpProtectionStatusInfo" => wtp::switch(state, call),
            "ShowWtpProtectStatistics" => wtp::statistics(state, call),
            _ => Err(Reply::not_published()),
        },
        (Route::Iam { operation }, Some(caller)) => match *operation {
            "KeystoneListProjects" => iam::projects(state, call, caller),
            "KeystoneListAuthDomains" => iam::domains(state, call, caller),
            "KeystoneListUsers" => iam::users(state, call, caller),
            "KeystoneCreateAgencyToken" => tokens::for_agency(state, call, caller),
            "CreateTemporaryAccessKeyByAgency" => security_tokens::by_agency(state, call, caller),
            "AssumeAgency" => sts::assume(state, call, caller),
            "GetCallerIdentity" => Ok(sts::caller_identity(caller)),
            _ => Err(Reply::not_published()),
        },
        (Route::Iam { operation }, None) => {
            let (reply, principal) = match *operation {
                "KeystoneCreateUserTokenByPassword" => tokens::by_password(state, call)?,
                "KeystoneCreateScopedToken" => tokens::by_token(state, call)?,
                "CreateTokenWithIdToken" => tokens::by_id_token(state, call)?,
                "CreateTemporaryAccessKeyByToken" => security_tokens::by_token(state, call)?,
                "AssumeAgencyWithOIDC" => sts::assume_with_oidc(state, call)?,
                "CreateMetadataToken" => return metadata::create_session(state, call),
                "ShowSecurityKey" => metadata::security_key(state, call)?,
                _ => return Err(Reply::not_published()),
            };
            actor.is(&principal);
            Ok(reply)
        }
        (Route::Unknown, _) => Err(Reply::not_published()),
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
    acting: Acting<'_>,
    fault: Fault,
    spoil: &mut Option<Spoil>,
) -> Answer {
    let answer = if fault.after { perform(state, call, route, acting) } else { Ok(Reply::empty(200)) };
    match fault.kind {
        Kind::Reset => *spoil = Some(Spoil::Reset),
        Kind::Truncated => *spoil = Some(Spoil::Truncate),
        Kind::NotJson => {
            let page = "<html>not what you expected</html>";
            return Ok(Reply::new(200, Payload::Text("text/html", page.into())));
        }
        Kind::Other(text) => return Ok(Reply::new(200, Payload::Text("application/json", text.into()))),
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
            Reply::new(502, Payload::Text("text/html", page.into()))
        }
        status => Reply { status, ..Reply::hss("HSS.0041", "the service failed") },
    }
}
