//! Who is calling: a token that was issued here, or a signature made with a key of the world.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::{
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
    /// The access key, or the name of the token's user.
    pub(super) who: String,
    pub(super) credential: Credential,
}

impl Caller {
    /// How the journal names it. Of an access key it shows the end alone, which is enough to tell keys apart.
    pub(super) fn told(&self) -> String {
        match &self.credential {
            Credential::Keys => {
                format!("…{}", self.who.get(self.who.len().saturating_sub(4)..).unwrap_or_default())
            }
            Credential::Token(_) => self.who.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Credential {
    Keys,
    /// With the project the token is for.
    Token(Option<String>),
}

/// Verifies the credentials of a call, whichever kind it carries.
pub(super) fn authenticate(state: &State, call: &Call) -> Result<Caller, Reply> {
    match (call.header("authorization"), call.header("x-auth-token")) {
        (Some(header), _) => by_signature(state, call, header),
        (None, Some(token)) => by_token(state, call, token),
        (None, None) => Err(Reply::unauthenticated("x-auth-token not found")),
    }
}

fn by_token(state: &State, call: &Call, token: &str) -> Result<Caller, Reply> {
    let found = state.tokens.get(token).ok_or_else(|| Reply::unauthenticated("decrypt token fail"))?;
    if found.expires <= call.now.wall {
        return Err(Reply::unauthenticated("token expires"));
    }
    Ok(Caller { who: found.user_name.clone(), credential: Credential::Token(found.project.clone()) })
}

fn by_signature(state: &State, call: &Call, header: &str) -> Result<Caller, Reply> {
    let fail = |fragment: &str| Err(Reply::unauthenticated(fragment));
    let Some(authorization) = Authorization::parse(header) else {
        return fail("the Authorization header has the wrong form");
    };
    let access = authorization.access;
    let Some(key) = state.world.access_keys.iter().find(|key| key.access == access) else {
        return fail(&format!("ak {access} not exist"));
    };
    let Some(date) = call.header("x-sdk-date").and_then(moment::from_compact) else {
        return fail("x-sdk-date is missing or has the wrong form");
    };
    if moment::apart(date, call.now.wall) > SKEW {
        return fail("signature expired");
    }
    if !signature::verify(&call.wire(), &authorization, &key.secret) {
        return fail("verify aksk signature fail");
    }
    let sent = call.header("x-security-token");
    let token_is_right = match (&key.security_token, sent) {
        (None, None) => true,
        (Some(wanted), Some(sent)) => same(wanted, sent),
        _ => false,
    };
    if !token_is_right {
        return fail("the security token does not belong to the ak");
    }
    Ok(Caller { who: access.to_owned(), credential: Credential::Keys })
}

/// Compares secrets without telling by the time taken how much of them agrees.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
