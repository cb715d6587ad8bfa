//! Files that are there whole or not at all, and that never take another one's place.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// A file to be written.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Those of `names` that are in the folder already.
pub(super) fn present(folder: &Path, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| folder.join(name).symlink_metadata().is_ok()).collect()
}

/// Whether there is any configuration in the folder.
pub(super) fn holds_configuration(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        !name.starts_with('.')
            && [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|suffix| name.ends_with(suffix))
    })
}

/// Writes all of them, or none. Each is written under another name first, and gets its own once all are complete.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), String> {
    let failed = |path: &Path, error: &io::Error| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut drafts = Drafts(Vec::new());
    for file in files {
        let path = folder.join(format!(".{}.{}.draft", file.name, std::process::id()));
        let written = (|| {
            let mut draft = fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
            drafts.0.push(path.clone());
            draft.write_all(file.text.as_bytes())?;
            draft.sync_all()
        })();
        written.map_err(|error| failed(&path, &error))?;
    }
    let mut placed = Vec::new();
    for (file, draft) in files.iter().zip(&drafts.0) {
        let path = folder.join(file.name);
        if let Err(error) = place(draft, &path) {
            for path in placed {
                let _ = fs::remove_file(path);
            }
            return Err(failed(&path, &error));
        }
        placed.push(path);
    }
    Ok(())
}

/// Gives a draft its name, unless something has it already.
fn place(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no links.
        Err(_) if path.symlink_metadata().is_err() => fs::rename(draft, path),
        Err(error) => Err(error),
    }
}

/// Removes what was written under other names, whatever came of it.
struct Drafts(Vec<PathBuf>);

impl Drop for Drafts {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &'static str) -> File {
        File { name, text: format!("# {name}\n") }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        write(&inner, &[file("x.tf"), file("y.tf")]).unwrap();
        assert_eq!(names(&inner), ["x.tf", "y.tf"]);
        assert_eq!(fs::read_to_string(inner.join("y.tf")).unwrap(), "# y.tf\n");
        // The second of them is taken: the first goes too, and what was there stays.
        fs::write(inner.join("z.tf"), "mine").unwrap();
        let said = write(&inner, &[file("w.tf"), file("z.tf")]).unwrap_err();
        assert!(said.contains("z.tf cannot be written"), "{said}");
        assert_eq!(names(&inner), ["x.tf", "y.tf", "z.tf"]);
        assert_eq!(fs::read_to_string(inner.join("z.tf")).unwrap(), "mine");
        assert_eq!(present(&inner, &["w.tf", "x.tf", "z.tf"]), ["x.tf", "z.tf"]);
        assert!(holds_configuration(&inner) && !holds_configuration(folder.path()));
    }
}
