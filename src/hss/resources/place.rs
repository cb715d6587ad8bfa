//! Where an object lives: its region and its enterprise project, and the id by which it is imported.

use std::time::Duration;

use crate::{
    client::{Limits, Place, Session},
    clock::Stop,
    framework::{
        diag::{Diagnostic, Outcome},
        identity::Identity,
        model::Attr,
        path::Path,
        resource::Change,
    },
    hss::{Api, checks, report::Blame},
};

pub(in crate::hss) const HOST_ID: Path = Path::root("host_id");
pub(in crate::hss) const REGION: Path = Path::root("region");
pub(in crate::hss) const ENTERPRISE_PROJECT_ID: Path = Path::root("enterprise_project_id");

/// The description of `region`.
pub(super) const REGION_TEXT: &str = "Region of the server. The default is the region of the provider.";
/// The description of `enterprise_project_id`.
pub(super) const ENTERPRISE_PROJECT_TEXT: &str = "Enterprise project of the server; `\"0\"` is the default one. The default is that of the provider. \
     HSS never reports it, so setting it where it was not set only changes the state; changing it from one value to another makes another object.";

/// The description of the same two in a list.
pub(in crate::hss) const LIST_REGION_TEXT: &str =
    "Region to look in. The default is the region of the provider.";
pub(in crate::hss) const LIST_ENTERPRISE_PROJECT_TEXT: &str = "Enterprise project to look in; `\"0\"` is the default one. What is found belongs to it then. \
     The default is that of the provider, else every enterprise project; HSS does not tell to which of them a server belongs.";

/// A model that lives somewhere.
pub(super) trait Placed {
    fn region(&mut self) -> &mut Attr<String>;
    fn enterprise_project(&self) -> &Attr<String>;
}

/// Plans where the object lives: the provider's region unless one is configured, and a replacement where the
/// enterprise project changes for certain.
pub(super) fn plan<M: Placed>(api: &Api, change: &mut Change<M>) {
    let before = change.prior.as_mut().map(|prior| prior.region().clone()).unwrap_or_default();
    if change.config.region().is_null() {
        let region = if before.is_null() { api.region().clone() } else { before };
        *change.planned.region() = region;
    }
    if let Some(prior) = &change.prior
        && moves(prior.enterprise_project(), change.planned.enterprise_project())
    {
        change.replaces.push(ENTERPRISE_PROJECT_ID);
    }
}

/// Whether going from one enterprise project to another means another object. Learning the project of an object that
/// was imported without one does not, and neither does spelling out the default project or leaving it out again.
fn moves(prior: &Attr<String>, planned: &Attr<String>) -> bool {
    match (prior, planned) {
        (Attr::Null, _) => false,
        (Attr::Known(from), Attr::Null) => from != "0",
        (from, to) => from != to,
    }
}

/// One operation's view of HSS, at the place where the object lives. Ends after `timeout`, waiting for quota aside.
pub(in crate::hss) fn session(
    api: &Api,
    stop: &Stop,
    region: &Attr<String>,
    enterprise_project: &Attr<String>,
    timeout: Duration,
) -> Outcome<Session> {
    let hss = api.hss()?;
    if let Some(region) = region.known() {
        hss.check_region(region).at(REGION, "This region cannot be used here")?;
    }
    let place =
        Place { region: region.known().cloned(), enterprise_project_id: enterprise_project.known().cloned() };
    let deadline = hss.clock().instant().checked_add(timeout);
    Ok(hss.session(place, Limits { stop: stop.clone(), deadline }))
}

/// Reads `<host_id>` or `<enterprise_project_id>/<host_id>`.
pub(in crate::hss) fn import_id(id: &str) -> Outcome<(Attr<String>, String)> {
    let (project, host) = match id.split_once('/') {
        Some((project, host)) => (Some(project), host),
        None => (None, id),
    };
    let wrong = |why: String| {
        let detail = format!(
            "{why}\n\nImport by the id of the server, `<host_id>`, or with its enterprise project in front, `<enterprise_project_id>/<host_id>`."
        );
        Diagnostic::error(format!("{id:?} cannot be imported"), detail)
    };
    if host.contains('/') || project.is_some_and(str::is_empty) {
        return Err(wrong("An import id has one part, or two with a slash between them.".to_owned()).into());
    }
    checks::host_id(host).map_err(wrong)?;
    if let Some(project) = project {
        checks::enterprise_project(project).map_err(wrong)?;
    }
    Ok((project.map(str::to_owned).into(), host.to_owned()))
}

/// What tells one object from all others of its type.
pub(super) fn identity() -> Identity {
    Identity::default()
        .required(&HOST_ID, "Id of the server, as HSS lists it.")
        .optional(&ENTERPRISE_PROJECT_ID, "Enterprise project of the server; HSS does not report it.")
        .optional(&REGION, "Region of the server. The default is the region of the provider.")
}

/// Checks what an import by identity brings, which passed no rows, and fills in the provider's region where it names none.
/// Terraform shows no line of the configuration beside
/// an error of an import, so each one names the attribute.
pub(super) fn check_identity<M: Placed>(api: &Api, host_id: &Attr<String>, identity: &mut M) -> Outcome<()> {
    let wrong = |path: Path, why: &str| {
        let detail = format!("{path}: {why}");
        Diagnostic::error("This identity cannot be imported", detail).at(path)
    };
    let Some(host_id) = host_id.known() else {
        return Err(wrong(HOST_ID, "It is missing, and is the id of the server.").into());
    };
    checks::host_id(host_id).map_err(|why| wrong(HOST_ID, &why))?;
    if let Some(project) = identity.enterprise_project().known() {
        checks::enterprise_project(project).map_err(|why| wrong(ENTERPRISE_PROJECT_ID, &why))?;
    }
    if let Some(region) = identity.region().known() {
        checks::region(region).map_err(|why| wrong(REGION, &why))?;
    }
    if identity.region().is_null() {
        *identity.region() = api.region().clone();
    }
    Ok(())
}

/// What a configuration need not say of the place: the region that objects have anyway.
pub(super) fn spare_region<M: Placed>(api: &Api, object: &mut M) {
    if object.region() == api.region() {
        *object.region() = Attr::Null;
    }
}

/// What is told of an object that was there already, as configured: from now on it is changed and destroyed with this
/// configuration, and perhaps somebody else manages it too.
pub(super) fn adopted(host_id: &str, what: &str) -> Diagnostic {
    let detail = format!(
        "{host_id} was found as this configuration wants it, so nothing was changed, and this configuration manages it from now \
         on. Where another resource or another configuration does so too, remove one of them, with a `removed` block or \
         `terraform state rm` so that nothing is switched off."
    );
    Diagnostic::warning(what, detail)
}

/// How to take an object under management that exists already, ready to copy.
pub(super) fn import_advice(resource: &str, enterprise_project: &Attr<String>, host: &str) -> String {
    let id = match enterprise_project.known() {
        Some(project) => format!("{project}/{host}"),
        None => host.to_owned(),
    };
    format!(
        "To manage it as it is, import it (with your name of the resource for NAME):\n\n  terraform import {resource}.NAME {id}\n\n\
         To replace its settings by those of this configuration, set overwrite_existing = true."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    #[test]
    fn only_a_certain_move_between_enterprise_projects_replaces() {
        for (from, to, expected) in [
            (Attr::Null, known("a"), false),
            (Attr::Null, known("0"), false),
            (known("0"), Attr::Null, false),
            (known("a"), known("a"), false),
            (known("a"), known("b"), true),
            (known("0"), known("a"), true),
            (known("a"), Attr::Null, true),
            (known("a"), Attr::Unknown, true),
            (Attr::Null, Attr::Unknown, false),
        ] {
            assert_eq!(moves(&from, &to), expected, "{from:?} -> {to:?}");
        }
    }

    #[test]
    fn import_ids_have_an_optional_enterprise_project() {
        assert_eq!(import_id("h-1").unwrap(), (Attr::Null, "h-1".to_owned()));
        assert_eq!(import_id("0/h-1").unwrap(), (known("0"), "h-1".to_owned()));
        for wrong in ["", "/", "a/", "/h", "a/b/c", "h 1", "all_granted_eps/h"] {
            assert!(import_id(wrong).is_err(), "{wrong:?}");
        }
    }
}
