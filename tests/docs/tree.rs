//! The texts that documentation is made of, read from a folder that is laid out like this repository.

use std::{fs, path::Path};

use terraform_provider_hss::framework::docs::Texts;

/// Everything under `examples`, `templates` and `docs`, without what Terraform leaves behind.
pub fn read(root: &Path) -> Texts {
    let mut texts = Texts::new();
    let mut folders: Vec<_> = ["examples", "templates", "docs"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let (Ok(text), Ok(inner)) = (fs::read_to_string(&path), path.strip_prefix(root)) {
                texts.insert(inner.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    texts
}

/// Writes the texts that differ from what is there, and says which.
///
/// # Errors
/// What could not be written.
pub fn write(root: &Path, texts: &Texts) -> std::io::Result<Vec<String>> {
    let there = read(root);
    let mut written = Vec::new();
    for (path, text) in texts.iter().filter(|(path, text)| there.get(*path) != Some(text)) {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text)?;
        written.push(path.clone());
    }
    Ok(written)
}
