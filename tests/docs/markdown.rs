//! What a page says to whom: its blocks of code, its headings, its links.

/// A block of code.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// What stands behind the opening fence.
    pub language: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
    /// What is between the fences.
    pub text: String,
}

/// The blocks of code between fences of three backticks.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), line: number, text: String::new() });
            }
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block of code does not end");
    found
}

/// The page without blocks of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// The places of a page that a link may lead to: headings as the Registry and GitHub make names of them, and anchors.
pub fn places(page: &str) -> Vec<String> {
    let heading = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    };
    prose(page)
        .filter_map(|line| match line.strip_prefix("<a id=\"") {
            Some(rest) => rest.split('"').next().map(str::to_owned),
            None => line.starts_with('#').then(|| heading(line)),
        })
        .collect()
}

/// Targets of links, wherever they lead.
pub fn links(page: &str) -> Vec<String> {
    prose(page)
        .flat_map(|line| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            targets.map(|(target, _)| target.to_owned()).collect::<Vec<_>>()
        })
        .collect()
}
