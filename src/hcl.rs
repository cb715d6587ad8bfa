//! Configurations as text, laid out exactly as `terraform fmt` would.
//!
//! Only what is needed to write one: blocks, attributes, values, references and comments. Nothing is read.

use std::fmt::Write as _;

/// A value as it stands in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Text, to be quoted.
    Text(String),
    /// A number, a bool, or a reference such as `hss_wtp_backup_host.a.host_id`: as it is.
    Bare(String),
    /// A list, all of it on one line.
    List(Vec<Expression>),
    /// An object, one attribute a line.
    Object(Vec<(String, Expression)>),
}

/// A block with its labels, without blocks inside unless they come last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Lines before it, each without its `#`.
    pub comments: Vec<String>,
    /// Its type, as in `resource`.
    pub kind: &'static str,
    /// What follows in quotes.
    pub labels: Vec<String>,
    /// One a line.
    pub attributes: Vec<(String, Expression)>,
    /// After the attributes.
    pub blocks: Vec<Block>,
}

/// Blocks with an empty line between them, under lines of comment.
pub fn file(comments: &[&str], blocks: &[Block]) -> String {
    let mut text = String::new();
    for line in comments {
        comment(&mut text, "", line);
    }
    for block in blocks {
        if !text.is_empty() {
            text.push('\n');
        }
        write_block(&mut text, block, "");
    }
    text
}

fn comment(text: &mut String, indent: &str, line: &str) {
    // A line break in a comment would be the end of it.
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "{}", format!("{indent}# {line}").trim_end());
}

fn write_block(text: &mut String, block: &Block, indent: &str) {
    for line in &block.comments {
        comment(text, indent, line);
    }
    let _ = write!(text, "{indent}{}", block.kind);
    for label in &block.labels {
        let _ = write!(text, " {}", quoted(label));
    }
    text.push_str(" {\n");
    let inner = format!("{indent}  ");
    write_attributes(text, &block.attributes, &inner);
    for (number, nested) in block.blocks.iter().enumerate() {
        if number > 0 || !block.attributes.is_empty() {
            text.push('\n');
        }
        write_block(text, nested, &inner);
    }
    let _ = writeln!(text, "{indent}}}");
}

/// Neighbours have their signs below each other, as far as no object of several lines stands between them.
fn write_attributes(text: &mut String, attributes: &[(String, Expression)], indent: &str) {
    let many_lines = |value: &Expression| matches!(value, Expression::Object(members) if !members.is_empty());
    let mut rest = attributes;
    while !rest.is_empty() {
        // `terraform fmt` lets an object of several lines stand for itself.
        let run = rest.iter().take_while(|(_, value)| !many_lines(value)).count().max(1);
        let (group, after) = rest.split_at(run);
        let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            let _ = write!(text, "{indent}{name:<width$} = ");
            write_value(text, value, indent);
            text.push('\n');
        }
        rest = after;
    }
}

fn write_value(text: &mut String, value: &Expression, indent: &str) {
    match value {
        Expression::Text(value) => text.push_str(&quoted(value)),
        Expression::Bare(value) => text.push_str(value),
        Expression::List(all) => {
            text.push('[');
            for (number, value) in all.iter().enumerate() {
                text.push_str(if number > 0 { ", " } else { "" });
                write_value(text, value, indent);
            }
            text.push(']');
        }
        Expression::Object(members) if members.is_empty() => text.push_str("{}"),
        Expression::Object(members) => {
            text.push_str("{\n");
            let key = |name: &String| if is_identifier(name) { name.clone() } else { quoted(name) };
            let members: Vec<_> = members.iter().map(|(name, value)| (key(name), value.clone())).collect();
            write_attributes(text, &members, &format!("{indent}  "));
            let _ = write!(text, "{indent}}}");
        }
    }
}

/// Whether a key needs no quotes.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Text in quotes: whatever is in it, it means itself.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // These would begin a template.
            '$' | '%' if letters.peek() == Some(&'{') => {
                text.push(letter);
                text.push(letter);
            }
            control if control.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_no_identifiers_are_quoted() {
        let text = |text: &str| Expression::Text(text.to_owned());
        let members = [("hss", "a"), ("1st", "b"), ("a b", "c")];
        let members = members.map(|(name, value)| (name.to_owned(), text(value))).to_vec();
        let attributes = vec![("endpoints".to_owned(), Expression::Object(members))];
        let block =
            Block { kind: "provider", labels: vec!["hss".to_owned()], attributes, ..Block::default() };
        let expected = "provider \"hss\" {\n  endpoints = {\n    hss   = \"a\"\n    \"1st\" = \"b\"\n    \"a b\" = \"c\"\n  }\n}\n";
        assert_eq!(file(&[], &[block]), expected);
    }

    #[test]
    fn text_means_itself_whatever_is_in_it() {
        for (value, expected) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("服务器", "\"服务器\""),
            ("say \"x\" \\ no", r#""say \"x\" \\ no""#),
            ("a\nb\tc\r", r#""a\nb\tc\r""#),
            ("${a} $a %{if} 5%", r#""$${a} $a %%{if} 5%""#),
            ("$${", r#""$$${""#),
            ("\u{7}", r#""\u0007""#),
        ] {
            assert_eq!(quoted(value), expected, "{value:?}");
        }
    }

    #[test]
    fn signs_stand_below_each_other() {
        let bare = |text: &str| Expression::Bare(text.to_owned());
        let block = Block {
            comments: vec!["of a\nnote".to_owned()],
            kind: "resource",
            labels: vec!["a".to_owned(), "b".to_owned()],
            attributes: vec![
                ("x".to_owned(), Expression::Text("1".to_owned())),
                ("long".to_owned(), bare("2")),
                ("object".to_owned(), Expression::Object(vec![("in".to_owned(), bare("true"))])),
                ("last".to_owned(), Expression::List(vec![bare("c.d"), Expression::Text("e".to_owned())])),
            ],
            blocks: vec![Block { kind: "inner", ..Block::default() }],
        };
        let expected = "# Head.\n\n# of a note\nresource \"a\" \"b\" {\n  x    = \"1\"\n  long = 2\n  object = {\n    \
                        in = true\n  }\n  last = [c.d, \"e\"]\n\n  inner {\n  }\n}\n";
        assert_eq!(file(&["Head."], &[block]), expected);
    }
}
