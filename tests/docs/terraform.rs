//! What the real Terraform says of the examples, and of the configurations in the guides.

use std::{collections::BTreeMap, env::consts::EXE_SUFFIX, fs, path::PathBuf, sync::Mutex, thread};

use terraform_provider_hss::{
    framework::docs::{Sort, Texts},
    hss::address,
};

use crate::{
    harness::{
        Workspace, find_terraform,
        terraform::{Feature, terraform_version},
    },
    markdown,
};

/// A configuration that stands on its own.
#[derive(Debug)]
pub struct Example {
    /// Where it is from.
    pub name: String,
    /// Its files.
    pub files: BTreeMap<String, String>,
    /// What it needs a newer Terraform for.
    pub needs: Option<Feature>,
}

impl Example {
    fn new(name: &str, file: &str, text: &str, needs: Option<Feature>) -> Self {
        let files = BTreeMap::from([(file.to_owned(), text.to_owned())]);
        Self { name: name.to_owned(), files, needs }
    }

    /// Why it cannot be validated here, if it cannot.
    pub fn barred(&self) -> Option<String> {
        self.needs.and_then(|feature| terraform_version().lacks(feature))
    }
}

/// What an example of this sort cannot do without.
fn needed_by(sort: Sort) -> Option<Feature> {
    match sort {
        Sort::Resource | Sort::DataSource => None,
        Sort::List => Some(Feature::ListResources),
        Sort::Action => Some(Feature::Actions),
        Sort::Function => Some(Feature::Functions),
    }
}

fn needed_by_text(text: &str) -> Option<Feature> {
    let of_hss = format!("provider::{}::", address::TYPE);
    let row = |says: bool, feature| says.then_some(feature);
    row(text.contains("\naction \"") || text.starts_with("action \""), Feature::Actions)
        .or_else(|| row(text.contains("  identity = {"), Feature::Identity))
        .or_else(|| row(text.contains(&of_hss), Feature::Functions))
}

/// Every example under `examples`, and every complete configuration of a guide.
pub fn examples(texts: &Texts) -> Vec<Example> {
    let mut found = Vec::new();
    for (path, text) in texts {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["examples", "provider", file] => found.push(Example::new(path, file, text, None)),
            ["examples", folder, name, file] => {
                let Some(sort) = Sort::ALL.into_iter().find(|sort| sort.folder() == folder) else { continue };
                let (begin, end) = sort.example_file();
                if file.starts_with(begin) && file.ends_with(end) {
                    found.push(Example::new(path, file, text, needed_by(sort)));
                } else if file.starts_with("import") && file.ends_with(".tf") {
                    // What it imports has to be there: it is the plain example's.
                    let mut example = Example::new(path, file, text, needed_by_text(text));
                    let plain = texts.get(&format!("examples/{folder}/{name}/{begin}{end}"));
                    example.files.extend(plain.map(|text| (format!("{begin}{end}"), text.clone())));
                    found.push(example);
                }
            }
            ["docs", "guides", _] => {
                for block in markdown::blocks(text).into_iter().filter(|block| block.language == "terraform")
                {
                    let name = format!("{path}:{}", block.line);
                    found.push(Example::new(&name, "main.tf", &block.text, needed_by_text(&block.text)));
                }
            }
            _ => {}
        }
    }
    found.extend(folders(texts));
    found
}

/// Examples of more than one file: `examples/complete`, and each module.
fn folders(texts: &Texts) -> Vec<Example> {
    let mut folders: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(".tf")) {
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        let whole = folder == "examples/complete" || folder.starts_with("examples/modules/");
        // A module that calls another one would have to be installed first.
        if whole && !folder.ends_with("/tests") && !folder.contains("/tests/") {
            folders.entry(folder).or_default().insert(file.to_owned(), text.clone());
        }
    }
    let calls = |files: &BTreeMap<String, String>| files.values().any(|text| text.contains("\nmodule \""));
    let example = |(name, files): (&str, BTreeMap<String, String>)| Example {
        name: name.to_owned(),
        files,
        needs: None,
    };
    folders.into_iter().filter(|(_, files)| !calls(files)).map(example).collect()
}

/// What `terraform validate` has against each example, under its name. Some run at a time, since each waits for a
/// process most of its time.
pub fn complaints(examples: Vec<Example>) -> Vec<String> {
    let terraform = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let queue = Mutex::new(examples);
    let said = Mutex::new(Vec::new());
    let take = || queue.lock().unwrap().pop();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let workspace = Workspace::new(&terraform, &provider());
                let other = lend(&workspace);
                let mut written = Vec::new();
                while let Some(example) = take() {
                    written.drain(..).for_each(|file: String| workspace.remove(&file));
                    for (file, text) in &example.files {
                        workspace.write(file, text);
                        written.push(file.clone());
                    }
                    if !example.files.values().any(|text| text.contains("required_providers")) {
                        workspace.write("versions.tf", &requirement());
                        written.push("versions.tf".to_owned());
                    }
                    let query = example.files.keys().any(|file| file.ends_with(".tfquery.hcl"));
                    let mut arguments = vec!["validate", "-no-color"];
                    arguments.extend(query.then_some("-query"));
                    let ran = workspace.run(&arguments);
                    if ran.code != Some(0) {
                        said.lock().unwrap().push(format!("{}:\n{}{}", example.name, ran.stdout, ran.stderr));
                    }
                }
                drop(other);
            });
        }
    });
    let mut said = said.into_inner().unwrap();
    said.sort();
    said
}

fn provider() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_terraform-provider-hss"))
}

fn requirement() -> String {
    format!(
        "terraform {{\n  required_providers {{\n    {} = {{\n      source = \"{}\"\n    }}\n  }}\n}}\n",
        address::TYPE,
        address::SOURCE
    )
}

/// Lets our program stand in for the `huaweicloud` provider too, which cannot be had offline: its block takes the same
/// arguments, and that is what the guide about both of them shows. The folder has to live as long as the workspace.
fn lend(workspace: &Workspace) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(format!("terraform-provider-huaweicloud{EXE_SUFFIX}"));
    fs::copy(provider(), program).unwrap();
    let overrides = fs::read_to_string(workspace.path().join("terraformrc")).unwrap();
    let ours = format!("\"{}\" = ", address::SOURCE);
    let both = format!("\"huaweicloud/huaweicloud\" = \"{}\"\n    {ours}", folder.path().display());
    workspace.write("terraformrc", &overrides.replace(&ours, &both));
    folder
}

/// Files that `terraform fmt` would write otherwise, by name. Lists of resources are written in the same language, but
/// only new releases look at files of their name.
pub fn unformatted(texts: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let terraform = find_terraform().unwrap_or_else(|advice| panic!("{advice}"));
    let workspace = Workspace::new(&terraform, &provider());
    let mut names = BTreeMap::new();
    for (number, (name, text)) in texts.into_iter().enumerate() {
        let file = format!("{number}.tf");
        workspace.write(&file, &text);
        names.insert(file, name);
    }
    let ran = workspace.run(&["fmt", "-check", "-no-color", "-diff"]);
    let mut found: Vec<String> =
        ran.stdout.lines().filter_map(|line| names.get(line.trim())).cloned().collect();
    if ran.code != Some(0) && found.is_empty() {
        found.push(format!("{}{}", ran.stdout, ran.stderr));
    }
    if !ran.stderr.is_empty() {
        let named = names.iter().fold(ran.stderr, |text, (file, name)| {
            text.replace(&format!("on {file} "), &format!("on {name} "))
        });
        found.push(named);
    }
    found
}
