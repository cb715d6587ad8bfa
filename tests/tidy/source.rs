//! Rust source as the checks see it: without comments, and without what only tests compile.

/// One file of source, in two forms of equal length.
pub(crate) struct Source {
    /// Comments blanked.
    code: Vec<char>,
    /// Comments and the contents of strings and characters blanked.
    bare: Vec<char>,
}

impl Source {
    /// Reads a file's text. Line ends stay where they are.
    pub(crate) fn read(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let (mut code, mut bare) = (text.clone(), text.clone());
        let mut at = 0;
        while at < text.len() {
            let (end, kind) = piece(&text, at);
            for place in at..end {
                if text[place] != '\n' && kind != Kind::Plain {
                    bare[place] = ' ';
                    if kind == Kind::Comment {
                        code[place] = ' ';
                    }
                }
            }
            at = end;
        }
        Self { code, bare }
    }

    /// The same without the items under `#[cfg(test)]`, which the rules do not bind. They are blanked.
    pub(crate) fn without_tests(mut self) -> Self {
        while let Some((start, end)) = self.test_item() {
            for place in start..end {
                if self.bare[place] != '\n' {
                    self.code[place] = ' ';
                }
                self.bare[place] = '\r';
            }
        }
        self
    }

    fn test_item(&self) -> Option<(usize, usize)> {
        let mark: Vec<char> = "#[cfg(test)]".chars().collect();
        let start = self.bare.windows(mark.len()).position(|window| window == mark)?;
        let mut depth = 0_usize;
        let mut at = start + mark.len();
        while at < self.bare.len() {
            match self.bare[at] {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && self.bare[at] == '}' {
                        return Some((start, at + 1));
                    }
                }
                ';' if depth == 0 => return Some((start, at + 1)),
                _ => {}
            }
            at += 1;
        }
        Some((start, self.bare.len()))
    }

    /// How many lines are left.
    pub(crate) fn lines(&self) -> usize {
        // Blanked items have lost their line ends.
        self.bare.iter().filter(|c| **c == '\n').count()
    }

    /// Names of modules whose whole file only tests compile: `#[cfg(test)] mod name;`.
    pub(crate) fn test_modules(text: &str) -> Vec<String> {
        let source = Self::read(text);
        let bare: String = source.bare.iter().collect();
        let after = bare.split("#[cfg(test)]").skip(1);
        after
            .filter_map(|rest| rest.trim_start().strip_prefix("mod ")?.split_once(';').map(|(name, _)| name))
            .filter(|name| is_name(name))
            .map(str::to_owned)
            .collect()
    }

    /// The modules of this crate that are named, by `crate::…` or, in programs, by the crate's name.
    pub(crate) fn modules_used(&self) -> Vec<String> {
        let bare: String = self.bare.iter().collect();
        let mut used = Vec::new();
        for root in ["crate::", "terraform_provider_hss::"] {
            for (at, _) in bare.match_indices(root) {
                let before = bare[..at].chars().next_back();
                if before.is_none_or(|c| !is_name_char(c) && c != '$') {
                    used.extend(first_names(&bare[at + root.len()..]));
                }
            }
        }
        used.sort();
        used.dedup();
        used
    }

    /// The longest chain of `super::super::…`.
    pub(crate) fn longest_super(&self) -> usize {
        let bare: String = self.bare.iter().filter(|c| !c.is_whitespace()).collect();
        (1..10).take_while(|length| bare.contains(&"super::".repeat(*length))).count()
    }

    /// The lines, counted from 1, on which `word` stands by itself, in whatever case. `_` ends a word too.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<usize> {
        let code: String = self.code.iter().collect();
        let says = |line: &str| {
            line.to_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .any(|found| found == word.to_lowercase())
        };
        code.lines().enumerate().filter(|(_, line)| says(line)).map(|(number, _)| number + 1).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Comment,
    Text,
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

/// Where the piece that begins at `at` ends, and what it is.
fn piece(text: &[char], at: usize) -> (usize, Kind) {
    let next = text.get(at + 1).copied();
    let find = |from: usize, wanted: &dyn Fn(usize) -> bool| {
        (from..text.len()).find(|place| wanted(*place)).unwrap_or(text.len())
    };
    match (text[at], next) {
        ('/', Some('/')) => (find(at, &|place| text[place] == '\n'), Kind::Comment),
        ('/', Some('*')) => {
            let (mut depth, mut place) = (1, at + 2);
            while depth > 0 && place < text.len() {
                match (text[place], text.get(place + 1)) {
                    ('/', Some('*')) => (depth, place) = (depth + 1, place + 2),
                    ('*', Some('/')) => (depth, place) = (depth - 1, place + 2),
                    _ => place += 1,
                }
            }
            (place.min(text.len()), Kind::Comment)
        }
        ('"', _) => (end_of_text(text, at + 1, '"'), Kind::Text),
        ('r', Some('"' | '#')) if at == 0 || starts_raw(text, at) => {
            let hashes = text[at + 1..].iter().take_while(|c| **c == '#').count();
            if text.get(at + 1 + hashes) != Some(&'"') {
                return (at + 1, Kind::Plain); // r#name
            }
            let closes =
                |place: usize| text[place] == '"' && (1..=hashes).all(|n| text.get(place + n) == Some(&'#'));
            ((find(at + 2 + hashes, &closes) + 1 + hashes).min(text.len()), Kind::Text)
        }
        ('\'', Some('\\')) => (end_of_text(text, at + 1, '\''), Kind::Text),
        ('\'', Some(_)) if text.get(at + 2) == Some(&'\'') => (at + 3, Kind::Text),
        _ => (at + 1, Kind::Plain),
    }
}

/// `r`, `br` or `cr` at the start of a word.
fn starts_raw(text: &[char], at: usize) -> bool {
    let before = text[at - 1];
    !is_name_char(before) || (matches!(before, 'b' | 'c') && (at == 1 || !is_name_char(text[at - 2])))
}

fn end_of_text(text: &[char], mut at: usize, quote: char) -> usize {
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The first names of what follows a `::`: one, or those of a group in braces.
fn first_names(after: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| is_name_char(*c)).collect::<String>();
    let Some(group) = after.trim_start().strip_prefix('{') else { return vec![name(after)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
