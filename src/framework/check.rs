//! Checks of a configuration that rows can make: those of single values, and whether write-only ones may be given.

use super::{
    diag::{Diagnostic, Diagnostics},
    path::Path,
    schema::{Block, Check, Inner, Nesting, Presence, Shape},
    value::Value,
};

/// Runs the checks of every attribute over a configuration; what is unknown or null is skipped.
pub fn check(block: &Block, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    visit(block.shape(), None, false, config, &mut |rule, value, path| {
        // Terraform itself is content with an argument that is there, though null, and with results that are given.
        match rule.presence {
            Presence::Required if value.is_null() => {
                let detail = format!(
                    "`{path}` is required, and its value here is null. Give it a value, or check why the expression has none."
                );
                diagnostics
                    .push(Diagnostic::error(format!("Missing {path}"), detail).at(placed(block, path)));
            }
            Presence::Computed if !value.is_null() => {
                let detail = format!(
                    "`{path}` is a result: it is read from the service and cannot be set. Remove it from the configuration."
                );
                let summary = format!("{path} cannot be set");
                diagnostics.push(Diagnostic::error(summary, detail).at(placed(block, path)));
            }
            _ => {}
        }
        let verdict = rule.checks.iter().find_map(|check| match (check, value) {
            (Check::Text(test), Value::String(text)) => test(text).err(),
            (Check::Number(test), Value::Number(number)) => test(number).err(),
            _ => None,
        });
        if let Some(why) = verdict {
            diagnostics.push(Diagnostic::error(format!("Invalid {path}"), why).at(placed(block, path)));
        }
    });
    diagnostics
}

/// The path under which Terraform finds the line. It looks for blocks inside blocks, but not for members inside the value
/// of an argument, and would blame the whole resource for those.
fn placed(block: &Block, path: &Path) -> Path {
    let is_argument = block.attributes.iter().any(|attribute| attribute.name == path.name());
    if is_argument { path.argument() } else { path.clone() }
}

/// Refuses write-only values where Terraform does not know of them: it would store them like any other.
pub fn refuse_write_only(block: &Block, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    visit(block.shape(), None, false, config, &mut |rule, value, path| {
        if rule.write_only && !value.is_null() {
            let detail = format!(
                "{path} is write-only: it must not be stored, and this version of Terraform would store it in the state. \
                 Use Terraform 1.11 or newer, or OpenTofu 1.11 or newer, or leave the attribute out."
            );
            let summary = "Write-only attributes are not supported here";
            diagnostics.push(Diagnostic::error(summary, detail).at(placed(block, path)));
        }
    });
    diagnostics
}

type Visitor<'a> = dyn FnMut(&super::schema::Rule, &Value, &Path) + 'a;

/// Shows every attribute of every object to `visitor`. In a set (`blurred`) all have the path of the set.
fn visit(shape: Shape<'_>, at: Option<&Path>, blurred: bool, object: &Value, visitor: &mut Visitor<'_>) {
    let path = |name| match at {
        Some(at) if blurred => at.clone(),
        at => Path::member(at, name),
    };
    for attribute in shape.attributes {
        visitor(&attribute.rule, object.member(attribute.name), &path(attribute.name));
    }
    for Inner { name, nesting, shape } in shape.inner() {
        let path = path(name);
        match (nesting, object.member(name)) {
            (Nesting::Single | Nesting::Group, object @ Value::Map(_)) => {
                visit(shape, Some(&path), blurred, object, visitor);
            }
            (Nesting::Map, Value::Map(members)) => {
                for (key, object) in members {
                    let at = if blurred { path.clone() } else { path.clone().key(key) };
                    visit(shape, Some(&at), blurred, object, visitor);
                }
            }
            (nesting, Value::List(elements)) => {
                let blurred = blurred || nesting == Nesting::Set;
                for (index, object) in (0..).zip(elements) {
                    let at = if blurred { path.clone() } else { path.clone().index(index) };
                    visit(shape, Some(&at), blurred, object, visitor);
                }
            }
            _ => {}
        }
    }
}
