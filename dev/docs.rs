//! `cargo docs`: writes the pages of the Terraform Registry anew, from the schema, the examples and the guides.
//!
//! `cargo docs --check` writes nothing and fails where a page is not as it should be. `tests/docs.rs` does that too.

#![allow(clippy::print_stdout, reason = "it tells what it wrote")]
#![allow(unreachable_pub, reason = "the test has the same module")]

#[path = "../tests/docs/tree.rs"]
mod tree;

use std::{env, path::Path, process::ExitCode, sync::Arc};

use terraform_provider_hss::{
    clock::SystemClock,
    framework::docs::{differences, faults},
    hss::manual,
};

fn main() -> ExitCode {
    let check = match env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(_) => {
            eprintln!("cargo docs [--check]");
            return ExitCode::from(2);
        }
    };
    match run(Path::new(env!("CARGO_MANIFEST_DIR")), check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, check: bool) -> Result<(), String> {
    let catalogue = manual::catalogue(Arc::new(SystemClock));
    let texts = tree::read(root);
    let pages = manual::manual(&catalogue, &texts)?;
    let mut wrong = faults(&catalogue, &texts);
    if check {
        wrong.extend(differences(&pages, &texts));
    } else {
        // What is about nothing that there is stays until somebody deletes it, and is told.
        let written = tree::write(root, &pages).map_err(|error| format!("cannot write: {error}"))?;
        written.iter().for_each(|path| println!("{path}"));
        println!("{} pages, {} of them new or changed", pages.len(), written.len());
        wrong.extend(differences(&pages, &tree::read(root)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("to be mended:\n  {}", wrong.join("\n  "))) }
}
