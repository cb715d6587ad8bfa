//! What the environment says: variables, the home folder, and files that arguments name.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{auth::Secret, framework::diag::Diagnostic};

/// The variables of the process, read once by `main.rs`.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a>(pub(super) &'a BTreeMap<String, String>);

impl<'a> Environment<'a> {
    /// The first of `names` that holds something; an empty variable counts as absent.
    pub(super) fn find(self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    pub(super) fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of `names` as a bool.
    ///
    /// # Errors
    /// It is neither `true` nor `false`, nor `1` nor `0`, in any case.
    pub(super) fn flag(self, names: &[&'static str]) -> Result<Option<bool>, Diagnostic> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => {
                let detail = format!("It holds {value:?}. Write true or false.");
                Err(Diagnostic::error(format!("The environment variable {name} is not a bool"), detail))
            }
        }
    }

    /// A variable as a whole number.
    pub(super) fn number(self, name: &'static str) -> Result<Option<i64>, Diagnostic> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.trim().parse().map(Some).map_err(|_| {
            let detail = format!("It holds {value:?}. Write digits, such as 5.");
            Diagnostic::error(format!("The environment variable {name} is not a whole number"), detail)
        })
    }

    /// The path that a text means: a leading `~` is the home folder.
    ///
    /// # Errors
    /// Sentences: the home folder of somebody else, or of nobody.
    pub(super) fn expand(self, path: &str) -> Result<PathBuf, String> {
        let Some(rest) = path.strip_prefix('~') else { return Ok(PathBuf::from(path)) };
        if !(rest.is_empty() || rest.starts_with(['/', '\\'])) {
            return Err(format!(
                "{path:?} means the home folder of another user, which is not looked up. Write the whole path."
            ));
        }
        let home =
            self.home().ok_or_else(|| format!("{path:?} cannot be found: no home folder is known."))?;
        Ok(home.join(rest.trim_start_matches(['/', '\\'])))
    }

    pub(super) fn home(self) -> Option<&'a Path> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(Path::new)
    }

    /// A file's content when `text` is the path of one, else `text` itself, which then is the content.
    pub(super) fn path_or_contents(self, text: &str) -> Result<Secret, String> {
        // PEM text has lines, and no path that anybody uses does.
        if text.contains('\n') {
            return Ok(Secret::from(text.to_owned()));
        }
        let path = self.expand(text)?;
        if !path.exists() {
            return Ok(Secret::from(text.to_owned()));
        }
        std::fs::read_to_string(&path)
            .map(Secret::from)
            .map_err(|error| format!("The file {} cannot be read: {error}.", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tilde_is_the_home_folder() {
        let variables = BTreeMap::from([("HOME".to_owned(), "/h".to_owned())]);
        let environment = Environment(&variables);
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(environment.expand(text).ok(), expected.map(PathBuf::from), "{text}");
        };
        check("~", Some("/h"));
        check("~/a/b", Some("/h/a/b"));
        check("/a/~", Some("/a/~"));
        check("a", Some("a"));
        check("~other/a", None);
        assert!(Environment(&BTreeMap::new()).expand("~/a").is_err());
    }

    #[test]
    fn what_is_no_file_is_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "PEM").unwrap();
        let variables = BTreeMap::from([("HOME".to_owned(), folder.path().display().to_string())]);
        let read = |text: &str| Environment(&variables).path_or_contents(text).unwrap().expose().to_owned();
        assert_eq!(read(path.to_str().unwrap()), "PEM");
        assert_eq!(read("~/ca.pem"), "PEM");
        assert_eq!(read("/no/such/file"), "/no/such/file");
        assert_eq!(read("-----BEGIN\nEND-----"), "-----BEGIN\nEND-----");
        assert!(Environment(&variables).path_or_contents(folder.path().to_str().unwrap()).is_err());
    }
}
