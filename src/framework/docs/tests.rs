//! A small provider of everything, and what its pages say.

use std::collections::BTreeMap;

use super::*;
use crate::framework::{
    function::Parameter,
    path::Path,
    schema::{Attribute, Block, Kind, NestedBlock, Nesting, Rule, computed, optional, required},
    types::Type,
    value::Value,
};

const IMPORT: &str = "examples/resources/home_shelf/import.sh";

fn attribute(name: &'static str, ty: Type, rule: Rule, description: &str) -> Attribute {
    Attribute { name, kind: Kind::Plain(ty), rule, description: description.to_owned() }
}

fn described(description: &str, attributes: Vec<Attribute>, blocks: Vec<NestedBlock>) -> Described {
    Described { version: 0, block: Block { description: description.to_owned(), attributes, blocks } }
}

fn shelf() -> Described {
    let nested = |name, nesting, attributes: Vec<Attribute>, description: &str| Attribute {
        name,
        kind: Kind::Nested(nesting, attributes),
        rule: optional(),
        description: description.to_owned(),
    };
    let text = |name| attribute(name, Type::String, optional(), "A text.");
    let board = nested("board", Nesting::Single, vec![text("wood")], "What it is made of.");
    let label = Block {
        description: "A label.".to_owned(),
        attributes: vec![attribute("words", Type::String, required(), "What it says.")],
        blocks: Vec::new(),
    };
    described(
        "Puts up a shelf.",
        vec![
            attribute("room", Type::String, required().replaces(), "Where."),
            attribute("width", Type::Number, optional().default(3), "How wide. The default is 3."),
            attribute("lock", Type::String, optional().sensitive().write_only(), "The code of its lock."),
            attribute("tags", Type::Map(Box::new(Type::String)), optional(), "For you."),
            nested("compartments", Nesting::List, vec![text("name"), board], "From the left."),
            nested("timeouts", Nesting::Single, vec![text("create")], "How long."),
            attribute("id", Type::String, computed(), "Its id."),
        ],
        vec![NestedBlock { name: "label", nesting: Nesting::List, block: label, min_items: 0, max_items: 2 }],
    )
}

fn catalogue() -> Catalogue {
    let entry = |sort, name, described| Entry { sort, name, described, identity: Identity::default() };
    let size = || vec![attribute("size", Type::Number, required(), "How large.")];
    let parameter = |name, ty| Parameter { name, ty, description: "A number." };
    let numbers = Type::Object(BTreeMap::from([("sum".to_owned(), Type::Number)]));
    Catalogue {
        name: "home",
        provider: described("Furnishes a home.", size(), vec![]),
        entries: vec![
            Entry {
                identity: Identity::default().required(&Path::root("room"), "The room."),
                ..entry(Sort::Resource, "home_shelf", shelf())
            },
            entry(Sort::DataSource, "home_rooms", described("Finds rooms.", size(), vec![])),
            entry(Sort::List, "home_shelf", described("Finds shelves.", size(), vec![])),
            entry(Sort::Action, "home_sweep", described("Sweeps.", size(), vec![])),
        ],
        functions: vec![Function {
            name: "add",
            summary: "Adds.",
            description: "Adds two numbers.",
            parameters: vec![parameter("a", Type::Number), parameter("b", Type::Number)],
            returns: numbers,
            call: |_| Ok(Value::Null),
        }],
    }
}

fn texts() -> Texts {
    [
        ("examples/provider/provider.tf", "provider \"home\" {}\n"),
        ("examples/resources/home_shelf/resource.tf", "resource \"home_shelf\" \"books\" {}\n"),
        ("examples/resources/home_shelf/resource_wide.tf", "# A wide one.\n"),
        ("examples/resources/home_shelf/import.sh", "terraform import home_shelf.books a\n"),
        (
            "examples/resources/home_shelf/import-by-string-id.tf",
            "import {\n  to = home_shelf.books\n  id = 1\n}\n",
        ),
        (
            "examples/resources/home_shelf/import-by-identity.tf",
            "import {\n  to = home_shelf.books\n  identity = {}\n}\n",
        ),
        ("examples/data-sources/home_rooms/data-source.tf", "data \"home_rooms\" \"all\" {}\n"),
        ("examples/list-resources/home_shelf/list-resource.tfquery.hcl", "list \"home_shelf\" \"all\" {}\n"),
        ("examples/actions/home_sweep/action.tf", "action \"home_sweep\" \"daily\" {}\n"),
        ("examples/functions/add/function.tf", "output \"sum\" {\n  value = provider::home::add(1, 2)\n}\n"),
        ("templates/resources/shelf.md", "## Before you drill\n\nKnock.\n"),
        ("docs/guides/zeal.md", "---\npage_title: \"Zeal\"\ndescription: |-\n  How\n  to.\n---\nText.\n"),
        ("docs/guides/first-steps.md", "---\npage_title: First\ndescription: Steps.\n---\nText.\n"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .collect()
}

/// The parts in this order.
fn assert_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        rest =
            rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is missing, or too early:\n{text}")).1;
    }
}

#[test]
fn a_resource_has_all_its_chapters_in_order() {
    let pages = pages(&catalogue(), &texts());
    assert_order(
        &pages["docs/resources/shelf.md"],
        &[
            "---\n#",
            "page_title: \"home_shelf Resource - home\"\nsubcategory: \"\"\ndescription: |-\n  Puts up a shelf.\n---\n",
            "# home_shelf (Resource)\n\nPuts up a shelf.\n",
            "## Example Usage\n\n```terraform\nresource \"home_shelf\" \"books\" {}\n```\n\n```terraform\n# A wide one.\n```\n",
            "## Before you drill\n\nKnock.\n",
            "## Schema\n\n### Required\n\n- `room` (String) Where. Changing it makes another object.\n",
            "### Optional\n\n- `width` (Number) How wide.",
            "- `lock` (String, Sensitive, Write-only)",
            "- `tags` (Map of String)",
            "- `compartments` (Attributes List) From the left. (see [below for nested schema](#nestedatt--compartments))",
            "- `timeouts` (Attributes) How long. (see [below for nested schema](#nestedatt--timeouts))",
            "- `label` (Block List, Max: 2) A label. (see [below for nested schema](#nestedblock--label))",
            "### Read-Only\n\n- `id` (String) Its id.\n",
            "<a id=\"nestedatt--compartments\"></a>\n### Nested Schema for `compartments`\n\nOptional:\n\n- `name` (String) A text.\n",
            "(see [below for nested schema](#nestedatt--compartments--board))",
            "<a id=\"nestedatt--compartments--board\"></a>\n### Nested Schema for `compartments.board`\n",
            "<a id=\"nestedblock--label\"></a>\n### Nested Schema for `label`\n\nRequired:\n\n- `words`",
            "<a id=\"nestedatt--timeouts\"></a>\n## Timeouts\n",
            "- `create`",
            "## Import\n",
            "```shell\nterraform import home_shelf.books a\n```\n",
            "1.5 and newer",
            "1.12 and newer",
            "### Identity Schema\n\n#### Required\n\n- `room` (String) The room.\n",
        ],
    );
}

#[test]
fn every_sort_has_its_page() {
    let pages = pages(&catalogue(), &texts());
    let title = |path: &str| {
        pages[path].lines().find(|line| line.starts_with("# h") || line.starts_with("# f")).map(str::to_owned)
    };
    for (path, expected) in [
        ("docs/index.md", "# home Provider"),
        ("docs/resources/shelf.md", "# home_shelf (Resource)"),
        ("docs/data-sources/rooms.md", "# home_rooms (Data Source)"),
        ("docs/list-resources/shelf.md", "# home_shelf (List Resource)"),
        ("docs/actions/sweep.md", "# home_sweep (Action)"),
        ("docs/functions/add.md", "# function: add"),
    ] {
        assert_eq!(title(path).as_deref(), Some(expected));
    }
    assert_eq!(pages.len(), 6);
    assert_order(&pages["docs/list-resources/shelf.md"], &["## Schema\n\nThese", "`limit`", "### Required"]);
    assert_order(&pages["docs/actions/sweep.md"], &["## Schema\n\nThese", "`config`", "### Required"]);
    assert_order(
        &pages["docs/functions/add.md"],
        &[
            "description: |-\n  Adds.\n",
            "Adds two numbers.",
            "provider::home::add(1, 2)",
            "```text\nadd(a number, b number) object({ sum = number })\n```",
            "## Arguments\n\n1. `a` (Number) A number.\n2. `b`",
            "## Return Type\n\n`object({ sum = number })`\n",
        ],
    );
    assert_order(
        &pages["docs/index.md"],
        &[
            "| [home_rooms](data-sources/rooms.md) | data source | Finds rooms |",
            "[First](guides/first-steps.md): Steps.",
            "[Zeal](guides/zeal.md): How to.",
            "## Schema",
        ],
    );
}

#[test]
fn parts_of_guides_are_made_anew_and_the_rest_is_left_alone() {
    let parts = [("list", "- a\n- b\n".to_owned())];
    let text = "Before.\n\n<!-- generated: list -->\nold\n<!-- end of generated -->\n\nAfter.\n";
    let filled = fill(text, &parts).unwrap();
    let expected = "Before.\n\n<!-- generated: list -->\n\n- a\n- b\n\n<!-- end of generated -->\n\nAfter.\n";
    assert_eq!(filled, expected);
    assert_eq!(fill(&filled, &parts).unwrap(), filled);
    assert!(fill("<!-- generated: other -->\n<!-- end of generated -->", &parts).is_err());
    assert!(fill("<!-- generated: list -->\n", &parts).is_err());
}

#[test]
fn nothing_is_missing_here() {
    assert_eq!(faults(&catalogue(), &texts()), Vec::<String>::new());
    let pages = pages(&catalogue(), &texts());
    assert_eq!(differences(&pages, &pages), Vec::<String>::new());
}

/// What is said when one thing is taken away or spoiled.
#[test]
fn whatever_is_missing_is_said() {
    let check = |spoil: fn(&mut Catalogue, &mut Texts), expected: &str| {
        let (mut catalogue, mut texts) = (catalogue(), texts());
        spoil(&mut catalogue, &mut texts);
        let found = faults(&catalogue, &texts);
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found[0].contains(expected), "{expected}: {found:?}");
    };
    check(|c, _| c.provider.block.description.clear(), "the provider has no description");
    check(|c, _| c.provider.block.attributes[0].description.clear(), "the provider: size has no");
    check(|c, _| c.entries[0].described.block.description.clear(), "the resource home_shelf has no");
    check(|c, _| c.entries[0].described.block.attributes[6].description.clear(), "home_shelf: id has no");
    check(
        |c, _| {
            if let Kind::Nested(_, inner) = &mut c.entries[0].described.block.attributes[4].kind {
                inner[0].description.clear();
            }
        },
        "home_shelf: compartments: name has no description",
    );
    check(|c, _| c.entries[0].described.block.blocks[0].block.description.clear(), "label has no");
    check(
        |c, _| "Wide".clone_into(&mut c.entries[0].described.block.attributes[0].description),
        "like a sentence",
    );
    check(
        |c, _| "Wide.".clone_into(&mut c.entries[0].described.block.attributes[1].description),
        "does not tell the default",
    );
    check(|c, _| c.entries[0].identity.attributes[0].description = "", "identity room has no description");
    check(|c, _| c.entries[1].described.block.description.clear(), "the data source home_rooms has no");
    check(|c, _| c.functions[0].description = "", "the function add has no description");
    check(|c, _| c.functions[0].parameters[1].description = "", "the function add: b has no description");
    for (path, expected) in [
        ("examples/provider/provider.tf", "the provider has no example"),
        ("examples/resources/home_shelf/resource.tf", "home_shelf has no example"),
        ("examples/resources/home_shelf/import.sh", "no example of an import"),
        ("examples/resources/home_shelf/import-by-string-id.tf", "no example of an import"),
        ("examples/resources/home_shelf/import-by-identity.tf", "no example of an import"),
        ("examples/data-sources/home_rooms/data-source.tf", "home_rooms has no example"),
        ("examples/list-resources/home_shelf/list-resource.tfquery.hcl", "home_shelf has no example"),
        ("examples/actions/home_sweep/action.tf", "home_sweep has no example"),
        ("examples/functions/add/function.tf", "add has no example"),
    ] {
        for spoil in [None, Some("# nothing")] {
            let mut texts = texts();
            match spoil {
                None => assert!(texts.remove(path).is_some(), "{path}"),
                Some(text) => drop(texts.insert(path.to_owned(), text.to_owned())),
            }
            let found = faults(&catalogue(), &texts);
            match spoil {
                None => assert!(found.len() == 1 && found[0].contains(expected), "{path}: {found:?}"),
                Some(_) if path.ends_with("provider.tf") => {}
                Some(_) => {
                    assert!(found.len() == 1 && found[0].contains("does not show"), "{path}: {found:?}")
                }
            }
        }
    }
    check(
        |_, t| drop(t.insert(IMPORT.into(), "terraform import home_shelf.other a".into())),
        "imports home_shelf.other",
    );
    check(|_, t| drop(t.insert("examples/actions/home_x/action.tf".into(), String::new())), "there is not");
    check(|_, t| drop(t.insert("templates/resources/x.md".into(), String::new())), "belongs to no page");
    check(
        |_, t| drop(t.insert("docs/guides/x.md".into(), "---\npage_title: X\n---\n".into())),
        "no description in",
    );
}

#[test]
fn pages_that_differ_are_named_with_the_line() {
    let expected = pages(&catalogue(), &texts());
    let check = |spoil: fn(&mut Texts), said: &str| {
        let mut found = expected.clone();
        spoil(&mut found);
        let found = differences(&expected, &found);
        assert!(found.len() == 1 && found[0].contains(said), "{said}: {found:?}");
    };
    check(|t| drop(t.remove("docs/index.md")), "docs/index.md is not there");
    check(
        |t| drop(t.insert("docs/resources/x.md".into(), String::new())),
        "is about something that there is not",
    );
    check(
        |t| {
            let page = t.get_mut("docs/resources/shelf.md").unwrap();
            *page = page.replace("`room`", "`chamber`");
        },
        "docs/resources/shelf.md:",
    );
    check(|t| t.get_mut("docs/index.md").unwrap().push_str("more\n"), "should be \"(end)\"");
}
