//! Who is calling: a token that was issued here, or a signature made with a key of the world or a temporary one.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::{
    accounts::Principal,
    call::Call,
    moment,
    reply::Reply,
    signature::{self, Authorization},
    state::State,
};

/// How far the date of a signature may be from now.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The access key, or the name of the token's holder.
    pub(super) who: String,
    pub(super) principal: Principal,
    pub(super) credential: Credential,
}

impl Caller {
    /// How the journal names it, by name and by label. Of an access key it shows the end alone, which is enough to tell
    /// keys apart.
    pub(super) fn told(&self) -> (String, String) {
        let (name, label) = (self.who.clone(), self.principal.label.clone());
        match &self.credential {
            Credential::Token(_) => (name, label),
            Credential::Keys { .. } => {
                let end = name.char_indices().rev().nth(3).map_or("", |(at, _)| &name[at..]);
                let short = format!("…{end}");
                let label = label.replace(&name, &short);
                (short, label)
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Credential {
    /// Temporary keys came with their security token.
    Keys { temporary: bool },
    /// With the project the token is for.
    Token(Option<String>),
}

/// What is known of an access key.
struct Known {
    secret: String,
    security_token: Option<String>,
    principal: Principal,
    is_over: bool,
}

/// Verifies the credentials of a call, whichever kind it carries.
pub(super) fn authenticate(state: &mut State, call: &Call) -> Result<Caller, Reply> {
    match (call.header("authorization"), call.header("x-auth-token")) {
        (Some(header), _) => by_signature(state, call, header),
        (None, Some(token)) => by_token(state, call, token),
        (None, None) => Err(Reply::unauthenticated("x-auth-token not found")),
    }
}

fn by_token(state: &State, call: &Call, token: &str) -> Result<Caller, Reply> {
    let found = state.issued.tokens.get(token);
    let found = found.ok_or_else(|| Reply::unauthenticated("decrypt token fail"))?;
    if found.expires <= call.now.wall {
        return Err(Reply::unauthenticated("token expires"));
    }
    Ok(Caller {
        who: found.principal.name.clone(),
        principal: found.principal.clone(),
        credential: Credential::Token(found.project.clone()),
    })
}

fn by_signature(state: &mut State, call: &Call, header: &str) -> Result<Caller, Reply> {
    let fail = |fragment: &str| Err(Reply::unauthenticated(fragment));
    let Some(authorization) = Authorization::parse(header) else {
        return fail("the Authorization header has the wrong form");
    };
    let access = authorization.access;
    let Some(key) = find(state, call, access) else {
        return fail(&format!("ak {access} not exist"));
    };
    if state.is_locked(access, call.now) {
        return fail(&format!("AK access failed to reach the limit, forbidden: {access}"));
    }
    let Some(date) = call.header("x-sdk-date").and_then(moment::from_compact) else {
        return fail("x-sdk-date is missing or has the wrong form");
    };
    if moment::apart(date, call.now.wall) > SKEW {
        return fail("signature expired");
    }
    if !signature::verify(&call.wire(), &authorization, &key.secret) {
        state.count_failure(access, call.now);
        return fail("verify aksk signature fail");
    }
    let sent = call.header("x-security-token");
    let token_is_right = match (&key.security_token, sent) {
        (None, None) => true,
        (Some(wanted), Some(sent)) => same(wanted, sent),
        _ => false,
    };
    if !token_is_right {
        state.count_failure(access, call.now);
        return fail("the security token does not belong to the ak");
    }
    state.forget_failures(access);
    if key.is_over {
        return fail("token expires");
    }
    let credential = Credential::Keys { temporary: key.security_token.is_some() };
    Ok(Caller { who: access.to_owned(), principal: key.principal, credential })
}

fn find(state: &State, call: &Call, access: &str) -> Option<Known> {
    if let Some(key) = state.world.access_keys.iter().find(|key| key.access == access) {
        return Some(Known {
            secret: key.secret.clone(),
            security_token: key.security_token.clone(),
            principal: Principal::key(&state.world, access),
            is_over: state.issued.is_revoked(access),
        });
    }
    state.issued.keys.get(access).map(|key| Known {
        secret: key.secret.clone(),
        security_token: Some(key.security_token.clone()),
        principal: key.principal.clone(),
        is_over: key.expires <= call.now.wall,
    })
}

/// Compares secrets without telling by the time taken how much of them agrees.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
