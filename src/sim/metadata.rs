//! The metadata service of an instance: the keys of its agency, with and without a session token.

use std::time::Duration;

use super::{
    accounts::Principal,
    call::Call,
    knobs::Metadata,
    reply::{Answer, Reply},
    security_tokens,
    state::State,
    tokens::Known,
};

/// What the keys last, unless a knob says otherwise.
const LIFETIME_S: u64 = 6 * 60 * 60;
const LONGEST_SESSION_S: u64 = 21_600;
const TTL_HEADER: &str = "x-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-metadata-token";
/// Clients tell this refusal from the other 401 by its text.
const NO_AGENCY: &str = "Please configure Cloud Service Agency first";

/// `PUT /meta-data/latest/api/token`: the body of the answer is the token.
pub(super) fn create_session(state: &mut State, call: &Call) -> Answer {
    if matches!(state.knobs.metadata, Metadata::Unsupported | Metadata::Off) {
        return Err(Reply::text(404, "404 Not Found"));
    }
    let seconds = call.header(TTL_HEADER).and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = seconds.filter(|it| (1..=LONGEST_SESSION_S).contains(it)) else {
        return Err(Reply::text(400, "400 Bad Request"));
    };
    let token = format!("sim-session-{}", state.fresh_id());
    state.issued.sessions.insert(token.clone(), call.now.wall + Duration::from_secs(seconds));
    Ok(Reply::text(200, token))
}

/// `GET /openstack/latest/securitykey`. The keys stay the same until half of their time is over.
pub(super) fn security_key(state: &mut State, call: &Call) -> Known {
    match (state.knobs.metadata, call.header(TOKEN_HEADER)) {
        (Metadata::Off, _) => return Err(Reply::text(404, "404 Not Found")),
        (Metadata::Unsupported, _) | (Metadata::Optional | Metadata::NoAgency, None) => {}
        (_, token) => {
            let end = token.and_then(|token| state.issued.sessions.get(token));
            if end.is_none_or(|end| *end <= call.now.wall) {
                return Err(Reply::text(401, "401 Unauthorized"));
            }
        }
    }
    if state.knobs.metadata == Metadata::NoAgency || state.world.instance_agency.is_empty() {
        return Err(Reply::text(401, NO_AGENCY));
    }
    let principal = Principal::instance(&state.world);
    let current = state.issued.instance_key.as_ref().and_then(|access| state.issued.keys.get(access));
    let current = current.filter(|key| key.issued + key.lifetime() / 2 > call.now.wall).cloned();
    let key = current.unwrap_or_else(|| {
        let key = state.issue_keys(principal.clone(), call.now.wall, LIFETIME_S);
        state.issued.instance_key = Some(key.access.clone());
        key
    });
    Ok((Reply::json(security_tokens::credential(&key)), principal))
}
