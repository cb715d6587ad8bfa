//! Guides: pages that people write, with parts that are generated.

use super::Texts;

/// What the front matter of a guide says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// The file's name without its ending.
    pub name: String,
    /// `page_title`.
    pub title: String,
    /// `description`, one line.
    pub description: String,
}

/// The guides among `texts`, by title as a reader meets them: first steps first, the rest by name.
pub fn guides(texts: &Texts) -> Vec<Guide> {
    let mut found: Vec<Guide> = texts
        .iter()
        .filter_map(|(path, text)| {
            let name = path.strip_prefix("docs/guides/")?.strip_suffix(".md")?;
            let guide = Guide {
                name: name.to_owned(),
                title: front(text, "page_title").unwrap_or_default(),
                description: front(text, "description").unwrap_or_default(),
            };
            Some(guide)
        })
        .collect();
    found.sort_by_key(|guide| !guide.name.starts_with("first"));
    found
}

/// A value of the front matter: on the line of its key, or on the indented ones after it.
fn front(text: &str, key: &str) -> Option<String> {
    let (matter, _) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    let mut lines = matter.lines().skip_while(|line| !line.starts_with(key));
    let value = lines.next()?.strip_prefix(key)?.strip_prefix(':')?.trim();
    if value != "|-" {
        return Some(value.trim_matches('"').to_owned()).filter(|value| !value.is_empty());
    }
    let below: Vec<&str> = lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    Some(below.join(" ")).filter(|value| !value.is_empty())
}

const BEGIN: &str = "<!-- generated: ";
const CLOSE: &str = " -->\n";
const END: &str = "<!-- end of generated -->";

/// The text with every generated part made anew. A part stands between two comments, the first of which names it.
///
/// # Errors
/// Which part is unknown or does not end.
pub fn fill(text: &str, parts: &[(&str, String)]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(CLOSE).ok_or("a generated part has no name")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("the part {name:?} does not end"))?;
        let (_, part) = parts
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("there is no part {name:?} to generate"))?;
        filled.push_str(&format!("{before}{BEGIN}{name}{CLOSE}\n{}\n\n{END}", part.trim()));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
