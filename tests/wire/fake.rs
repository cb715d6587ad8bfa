//! A provider with one resource that has every kind of attribute and block, and does what its `script` says.

use std::{collections::BTreeMap, sync::Arc};

use terraform_provider_hss::{
    clock::SystemClock,
    framework::{
        data_source::{self, AnyDataSource},
        diag::{Diagnostic, Diagnostics, Outcome},
        erased::{AnyResource, register},
        model::{Attr, Held, Schema, Set, Typed},
        number::Number,
        path::Path,
        provider::Provider,
        resource::{Change, Cx, Resource},
        schema::{computed, optional, optional_computed, required},
        typed::Dynamic,
        types::Type,
        value::Value,
    },
    tfplugin6::service::Service,
};

pub(crate) struct Fake;

pub(crate) fn service() -> Service<Fake> {
    Service::new(Fake, Arc::new(SystemClock))
}

#[derive(Clone, Default)]
pub(crate) struct Config {
    token: Attr<String>,
}

/// Stands for a remote API that may not be reachable yet.
pub(crate) struct Api {
    token: Attr<String>,
}

impl Api {
    fn reach(&self) -> Outcome<()> {
        if self.token.is_unknown() { Err(error("The token is not known yet")) } else { Ok(()) }
    }
}

fn error(summary: &str) -> Diagnostics {
    Diagnostic::error(summary, "As the script said.").into()
}

impl Provider for Fake {
    type Model = Config;
    type Api = Api;

    fn schema(&self) -> Schema<Config> {
        let short = |text: &str| if text.len() > 9 { Err("Too long.".to_owned()) } else { Ok(()) };
        Schema::new("A provider of nothing.").attr(
            Path::root("token"),
            |m: &mut Config| &mut m.token,
            optional().sensitive().text(short),
            "",
        )
    }

    fn validate(&self, config: &Config, diagnostics: &mut Diagnostics) {
        if config.token.known().is_some_and(|token| token == "bad") {
            diagnostics.push(Diagnostic::error("A bad token", "Take a good one.").at("token"));
        }
    }

    fn configure(&self, config: Config, _terraform_version: &str) -> (Option<Api>, Diagnostics) {
        match config.token.known().map(String::as_str) {
            Some("bad") => (None, Diagnostic::error("A bad token", "Take a good one.").at("token").into()),
            Some("panic") => panic!("configure panics"),
            _ => (Some(Api { token: config.token }), Diagnostics::default()),
        }
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Api>>> {
        vec![register(Thing)]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Api>>> {
        vec![data_source::register(crate::data::Look)]
    }
}

/// One object inside a thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    name: Attr<String>,
    size: Attr<Number>,
    mode: Attr<String>,
    made: Attr<String>,
    slot: Attr<String>,
}

fn part() -> Schema<Part> {
    let long = |text: &str| if text.is_empty() { Err("Not empty.".to_owned()) } else { Ok(()) };
    Schema::<Part>::new("")
        .attr(Path::root("name"), |m| &mut m.name, optional().text(long), "")
        .attr(Path::root("size"), |m| &mut m.size, optional(), "")
        .attr(Path::root("mode"), |m| &mut m.mode, optional().default("on"), "")
        .attr(Path::root("made"), |m| &mut m.made, computed(), "")
        .attr(Path::root("slot"), |m| &mut m.slot, optional().replaces(), "")
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wild {
    any: Attr<Dynamic>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hidden {
    secret: Attr<String>,
}

/// Text that the wire refuses, as a faulty type of a resource could produce it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Odd(pub(crate) String);

impl Typed for Odd {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: Value) -> Result<Self, String> {
        String::read(value).map(Odd)
    }

    fn write(self) -> Value {
        match self.0.as_str() {
            "unwritable" => Value::from(1),
            "panic" => panic!("a value panics"),
            _ => Value::String(self.0),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    name: Attr<String>,
    script: Attr<String>,
    amount: Attr<Number>,
    label: Attr<String>,
    secret: Attr<String>,
    password: Attr<String>,
    any: Attr<Dynamic>,
    mixed: Attr<Vec<Attr<Dynamic>>>,
    tags: Attr<BTreeMap<String, Attr<String>>>,
    words: Attr<Set<String>>,
    ports: Attr<Vec<Attr<i64>>>,
    id: Attr<String>,
    serial: Attr<i64>,
    zone: Attr<String>,
    odd: Attr<Odd>,
    vault: Attr<Hidden>,
    nest: Attr<Part>,
    disks: Attr<Vec<Attr<Part>>>,
    mirrors: Attr<Set<Part>>,
    pools: Attr<BTreeMap<String, Attr<Part>>>,
    rule: Attr<Vec<Attr<Part>>>,
    role: Attr<Set<Part>>,
    site: Attr<BTreeMap<String, Attr<Part>>>,
    single: Attr<Part>,
    group: Attr<Part>,
    wild: Attr<Vec<Attr<Wild>>>,
}

pub(crate) struct Thing;

/// The words of the script that concern `verb`, as in `create=keep,fail`.
fn script(model: &Model, verb: &str) -> Vec<String> {
    let script = model.script.known().map_or("", String::as_str);
    let words = script.split(' ').find_map(|part| part.strip_prefix(verb)?.strip_prefix('='));
    words.unwrap_or_default().split(',').map(str::to_owned).collect()
}

fn filled(part: &mut Part) {
    let name = part.name.known().map_or("nameless", String::as_str);
    part.made = Attr::Known(format!("made {name}"));
}

fn fill<H: Held>(all: &mut Attr<H>, each: impl FnOnce(&mut H)) {
    if let Attr::Known(all) = all {
        each(all);
    }
}

fn known<'a>(parts: impl IntoIterator<Item = &'a mut Attr<Part>>) {
    for part in parts {
        if let Attr::Known(part) = part {
            filled(part);
        }
    }
}

/// The thing as it is once it has been made.
fn made(mut model: Model) -> Model {
    model.id = Attr::Known(format!("id-{}", model.name.known().map_or("", String::as_str)));
    model.serial = Attr::Known(7);
    if model.zone.known().is_none() {
        model.zone = Attr::Known("z1".to_owned());
    }
    known([&mut model.nest, &mut model.single, &mut model.group]);
    fill(&mut model.disks, |all| known(all));
    fill(&mut model.rule, |all| known(all));
    fill(&mut model.mirrors, |set| known(&mut set.0));
    fill(&mut model.role, |set| known(&mut set.0));
    fill(&mut model.pools, |map| known(map.values_mut()));
    fill(&mut model.site, |map| known(map.values_mut()));
    model
}

/// Plays the words of a script. `true` when the result is to be null.
async fn play(cx: &Cx<'_, Api, Model>, words: &[String], model: &mut Model) -> Outcome<bool> {
    for word in words {
        match word.as_str() {
            "keep" => cx.keep(model),
            "note" => cx.note("seen", Some("yes")),
            "warn" => cx.warn(Diagnostic::warning("Be warned", "Nothing happened.")),
            "fail" => return Err(error("It failed")),
            "fail-silently" => return Err(Diagnostics::default()),
            "panic" => panic!("the script panics"),
            "gone" => return Ok(true),
            "rename" => {
                model.id = Attr::Known("renamed".to_owned());
                model.label = Attr::Known("relabelled".to_owned());
            }
            "secret" => model.secret = cx.config.as_ref().map(|m| m.secret.clone()).unwrap_or_default(),
            "tell-secret" => {
                let secret = cx.config.as_ref().and_then(|m| m.secret.known().cloned());
                cx.note("secret-length", Some(&secret.map_or(0, |secret| secret.len()).to_string()));
            }
            "odd" => model.odd = Attr::Known(Odd("unwritable".to_owned())),
            "odd-panic" => model.odd = Attr::Known(Odd("panic".to_owned())),
            "mixed" => {
                let dynamic = |ty, value| Attr::Known(Dynamic { ty, value });
                model.mixed =
                    Attr::Known(vec![dynamic(Type::String, "a".into()), dynamic(Type::Number, 1.into())]);
            }
            "unknown" => model.zone = Attr::Unknown,
            "wait" => {
                cx.stop.heard().await;
                return Err(error("Interrupted"));
            }
            _ => {}
        }
    }
    Ok(false)
}

impl Resource<Api> for Thing {
    type Model = Model;
    const NAME: &'static str = "fake_thing";

    fn schema(&self) -> Schema<Model> {
        let hidden = Schema::new("").attr(
            Path::root("secret"),
            |m: &mut Hidden| &mut m.secret,
            optional().write_only(),
            "",
        );
        let wild = Schema::new("").attr(Path::root("any"), |m: &mut Wild| &mut m.any, optional(), "");
        Schema::<Model>::new("A thing.")
            .attr(Path::root("name"), |m| &mut m.name, required().replaces(), "")
            .attr(Path::root("script"), |m| &mut m.script, optional(), "")
            .attr(Path::root("amount"), |m| &mut m.amount, optional(), "")
            .attr(Path::root("label"), |m| &mut m.label, optional().default("none"), "")
            .attr(Path::root("secret"), |m| &mut m.secret, optional().write_only(), "")
            .attr(Path::root("password"), |m| &mut m.password, optional().sensitive(), "")
            .attr(Path::root("any"), |m| &mut m.any, optional(), "")
            .attr(Path::root("mixed"), |m| &mut m.mixed, optional_computed(), "")
            .attr(Path::root("tags"), |m| &mut m.tags, optional(), "")
            .attr(Path::root("words"), |m| &mut m.words, optional(), "")
            .attr(Path::root("ports"), |m| &mut m.ports, optional(), "")
            .attr(Path::root("id"), |m| &mut m.id, computed().keeps(), "")
            .attr(Path::root("serial"), |m| &mut m.serial, computed(), "")
            .attr(Path::root("zone"), |m| &mut m.zone, optional_computed().replaces(), "")
            .attr(Path::root("odd"), |m| &mut m.odd, optional_computed().keeps(), "")
            .nested(Path::root("vault"), |m| &mut m.vault, optional(), hidden, "")
            .nested(Path::root("nest"), |m| &mut m.nest, optional(), part(), "")
            .nested_in(Path::root("disks"), |m| &mut m.disks, optional(), part(), "")
            .nested_in(Path::root("mirrors"), |m| &mut m.mirrors, optional(), part(), "")
            .nested_in(Path::root("pools"), |m| &mut m.pools, optional(), part(), "")
            .blocks(Path::root("rule"), |m| &mut m.rule, part(), 0)
            .blocks(Path::root("role"), |m| &mut m.role, part(), 3)
            .blocks(Path::root("site"), |m| &mut m.site, part(), 0)
            .block(Path::root("single"), |m| &mut m.single, part(), false)
            .block(Path::root("group"), |m| &mut m.group, part(), true)
            .blocks(Path::root("wild"), |m| &mut m.wild, wild, 0)
    }

    fn validate(&self, config: &Model, diagnostics: &mut Diagnostics) {
        match config.name.known().map(String::as_str) {
            Some("bad") => diagnostics.push(Diagnostic::error("A bad name", "Take a good one.").at("name")),
            Some("panic") => panic!("validate panics"),
            _ => {}
        }
    }

    fn plan(&self, _api: &Api, change: &mut Change<Model>) {
        for word in script(&change.planned, "plan") {
            match word.as_str() {
                "panic" => panic!("plan panics"),
                "rename" => change.planned.name = Attr::Known("NORMALISED".to_owned()),
                "show-secret" => change.planned.secret = change.config.secret.clone(),
                "replace" => change.replaces.push(Path::root("amount")),
                "note" => {
                    let seen = change.private.note("seen").unwrap_or("no");
                    change.diagnostics.push(Diagnostic::warning("Seen", seen));
                }
                "fail" => change.diagnostics.extend(error("It failed")),
                _ => {}
            }
        }
    }

    async fn create(&self, cx: &Cx<'_, Api, Model>, planned: Model) -> Outcome<Model> {
        cx.api.reach()?;
        let words = script(&planned, "create");
        let mut model = made(planned);
        play(cx, &words, &mut model).await?;
        Ok(model)
    }

    async fn read(&self, cx: &Cx<'_, Api, Model>, prior: Model) -> Outcome<Option<Model>> {
        cx.api.reach()?;
        let words = script(&prior, "read");
        let mut model = made(prior);
        Ok(if play(cx, &words, &mut model).await? { None } else { Some(model) })
    }

    async fn update(&self, cx: &Cx<'_, Api, Model>, prior: Model, planned: Model) -> Outcome<Model> {
        cx.api.reach()?;
        let words = script(&planned, "update");
        // Half of the change is done when the script begins.
        let mut half = Model { amount: planned.amount.clone(), ..prior };
        let halfway: Vec<_> = words.iter().filter(|word| *word != "rename").cloned().collect();
        play(cx, &halfway, &mut half).await?;
        let mut model = made(planned);
        play(cx, &words, &mut model).await?;
        Ok(model)
    }

    async fn delete(&self, cx: &Cx<'_, Api, Model>, prior: Model) -> Outcome<()> {
        cx.api.reach()?;
        let words = script(&prior, "delete");
        let mut rest = Model { label: Attr::Known("half gone".to_owned()), ..prior };
        play(cx, &words, &mut rest).await.map(drop)
    }

    fn import(&self, _api: &Api, id: &str) -> Outcome<Model> {
        match id {
            "" | "nothing" => Err(error("There is nothing of that name")),
            "panic" => panic!("import panics"),
            id => Ok(Model {
                name: Attr::Known(id.to_owned()),
                secret: Attr::Known("s".to_owned()),
                zone: Attr::Unknown,
                ..Model::default()
            }),
        }
    }
}
