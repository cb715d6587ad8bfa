//! From what was found to blocks of a configuration, with references where one object needs another.

use std::collections::BTreeMap;

use super::names::{Server, names};
use crate::{
    framework::{schema::Block as Rows, value::Value},
    hcl::{Block, Expression},
    hss::{address, config},
};

/// An object that was found, and what a configuration of it has to say.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) host_id: String,
    pub(super) host_name: Option<String>,
    pub(super) configuration: Value,
}

/// A name for each object, by the id of its server.
pub(super) fn named(objects: &[Object]) -> BTreeMap<String, String> {
    let servers: Vec<Server<'_>> = objects
        .iter()
        .map(|one| Server { host_id: &one.host_id, host_name: one.host_name.as_deref() })
        .collect();
    objects.iter().map(|one| one.host_id.clone()).zip(names(&servers)).collect()
}

/// One resource, with its attributes in the order of documentation. `refer` gives what stands in place of a value, or a
/// remark on why nothing does.
pub(super) fn resource(
    ty: &str,
    name: &str,
    rows: &Rows,
    object: &Object,
    refer: impl Fn(&str, &Value) -> Result<Option<String>, String>,
) -> Block {
    let mut block =
        Block { kind: "resource", labels: vec![ty.to_owned(), name.to_owned()], ..Block::default() };
    for attribute in &rows.attributes {
        let value = object.configuration.member(attribute.name);
        let written = match refer(attribute.name, value) {
            Ok(Some(reference)) => Some(Expression::Bare(reference)),
            Ok(None) => expression(value),
            Err(remark) => {
                block.comments.push(remark);
                expression(value)
            }
        };
        block.attributes.extend(written.map(|written| (attribute.name.to_owned(), written)));
    }
    block
}

/// The block that takes an object under management.
pub(super) fn import(ty: &str, name: &str, object: &Object) -> Block {
    let id = match object.configuration.member("enterprise_project_id") {
        Value::String(project) => format!("{project}/{}", object.host_id),
        _ => object.host_id.clone(),
    };
    let attributes = vec![
        ("to".to_owned(), Expression::Bare(format!("{ty}.{name}"))),
        ("id".to_owned(), Expression::Text(id)),
    ];
    Block { kind: "import", attributes, ..Block::default() }
}

/// Which provider it is and where it looks: the region, and whatever else was given as an option.
pub(super) fn provider(
    region: &str,
    enterprise_project: Option<&str>,
    options: &config::Model,
) -> [Block; 2] {
    let text = |text: &str| Expression::Text(text.to_owned());
    let source = Expression::Object(vec![("source".to_owned(), text(address::SOURCE))]);
    let required = Block {
        kind: "required_providers",
        attributes: vec![(address::TYPE.to_owned(), source)],
        ..Block::default()
    };
    let mut attributes = vec![("region".to_owned(), text(region))];
    let given = [
        ("profile", &options.profile),
        ("shared_config_file", &options.shared_config_file),
        ("project_id", &options.project_id),
        ("project_name", &options.project_name),
        ("auth_url", &options.auth_url),
        ("cloud", &options.cloud),
        ("cacert_file", &options.cacert_file),
        ("call_limit", &options.call_limit),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value.known()?.as_str())));
    let given = given.chain(enterprise_project.map(|project| ("enterprise_project_id", project)));
    attributes.extend(given.map(|(name, value)| {
        let is_path = matches!(name, "shared_config_file" | "cacert_file");
        (name.to_owned(), if is_path { Expression::Text(from_anywhere(value)) } else { text(value) })
    }));
    if let Some(endpoints) = options.endpoints.known() {
        let urls = endpoints.iter().filter_map(|(service, url)| Some((service.clone(), text(url.known()?))));
        attributes.push(("endpoints".to_owned(), Expression::Object(urls.collect())));
    }
    let comments =
        vec!["Credentials come from the environment or a profile, as they did for this export.".to_owned()];
    let provider = Block {
        comments,
        kind: "provider",
        labels: vec![address::TYPE.to_owned()],
        attributes,
        ..Block::default()
    };
    [Block { kind: "terraform", blocks: vec![required], ..Block::default() }, provider]
}

/// A path that means the same in another folder. The home and a certificate in place of a path do so already.
fn from_anywhere(path: &str) -> String {
    if path.starts_with('~') || path.contains('\n') || path.contains("-----BEGIN") {
        return path.to_owned();
    }
    let absolute = std::path::absolute(path).ok();
    absolute.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| path.to_owned())
}

/// A value in words of the configuration; none where nothing needs to be said.
fn expression(value: &Value) -> Option<Expression> {
    match value {
        Value::String(text) => Some(Expression::Text(text.clone())),
        Value::Bool(flag) => Some(Expression::Bare(flag.to_string())),
        Value::Number(number) => Some(Expression::Bare(number.to_string())),
        Value::Map(members) => {
            let written = members.iter().filter_map(|(name, value)| Some((name.clone(), expression(value)?)));
            Some(Expression::Object(written.collect()))
        }
        Value::List(all) => Some(Expression::List(all.iter().filter_map(expression).collect())),
        Value::Dynamic(_, value) => expression(value),
        Value::Null | Value::Unknown(_) => None,
    }
}
