//! Three-way merges: what two people made of one base, put together where they do not touch.

use std::collections::HashMap;

use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Texts with more words than this are not merged; a person decides.
const WORDS_MAX: usize = 4000;

/// One run of base words that somebody replaced.
struct Hunk<'a> {
    from: usize,
    to: usize,
    words: &'a [&'a str],
}

/// Merges two changes of one value; none if they touch each other.
///
/// Texts are merged word by word, objects key by key, anything else only if one side left it as
/// it was or both made the same of it.
#[must_use]
pub fn merge_values(base: &Value, mine: &Value, theirs: &Value) -> Option<Value> {
    if mine == theirs || theirs == base {
        return Some(mine.clone());
    }
    if mine == base {
        return Some(theirs.clone());
    }
    match (base, mine, theirs) {
        (Value::String(base), Value::String(mine), Value::String(theirs)) => {
            merge_texts(base, mine, theirs).map(Value::String)
        }
        (Value::Object(base), Value::Object(mine), Value::Object(theirs)) => {
            merge_objects(base, mine, theirs).map(Value::Object)
        }
        _ => None,
    }
}

fn merge_objects(
    base: &Map<String, Value>,
    mine: &Map<String, Value>,
    theirs: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let mut merged = Map::new();
    let mut keys: Vec<&String> = base
        .keys()
        .chain(mine.keys())
        .chain(theirs.keys())
        .collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (base, mine, theirs) = (base.get(key), mine.get(key), theirs.get(key));
        let value = if mine == theirs || theirs == base {
            mine.cloned()
        } else if mine == base {
            theirs.cloned()
        } else {
            Some(merge_values(base?, mine?, theirs?)?)
        };
        if let Some(value) = value {
            merged.insert(key.clone(), value);
        }
    }
    Some(merged)
}

/// Merges two changes of one text word by word; none if they touch each other.
#[must_use]
pub fn merge_texts(base: &str, mine: &str, theirs: &str) -> Option<String> {
    let [base, mine, theirs] = [base, mine, theirs].map(words);
    if [&base, &mine, &theirs]
        .iter()
        .any(|words| words.len() > WORDS_MAX)
    {
        return None;
    }
    let mine = hunks(&base, &mine);
    let theirs = hunks(&base, &theirs);
    let mut merged = String::new();
    let mut at = 0;
    let (mut mine, mut theirs) = (mine.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let next = match (mine.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(_), None) => mine.next(),
            (None, Some(_)) => theirs.next(),
            (Some(one), Some(other)) if same(one, other) => {
                theirs.next();
                mine.next()
            }
            (Some(one), Some(other)) if touch(one, other) => return None,
            (Some(one), Some(other)) if one.from < other.from => mine.next(),
            (Some(_), Some(_)) => theirs.next(),
        };
        let hunk = next.expect("the side was peeked at");
        merged.extend(base[at..hunk.from].iter().copied());
        merged.extend(hunk.words.iter().copied());
        at = hunk.to;
    }
    merged.extend(base[at..].iter().copied());
    Some(merged)
}

fn same(one: &Hunk<'_>, other: &Hunk<'_>) -> bool {
    (one.from, one.to, one.words) == (other.from, other.to, other.words)
}

/// Replacements touch if they share a base word, or if one inserts where the other begins or ends.
fn touch(one: &Hunk<'_>, other: &Hunk<'_>) -> bool {
    let overlap = one.from < other.to && other.from < one.to;
    let inserts = one.from == one.to || other.from == other.to;
    overlap || (inserts && one.from <= other.to && other.from <= one.to)
}

fn hunks<'a>(base: &[&str], side: &'a [&'a str]) -> Vec<Hunk<'a>> {
    let mut hunks: Vec<Hunk<'a>> = Vec::new();
    let mut last_new = 0;
    // Words are compared very often where texts have little in common; numbers are compared fast.
    let mut numbers = HashMap::new();
    let [base, new] = [base, side].map(|words| {
        let words = words.iter();
        let numbered = words.map(|word| {
            let next = numbers.len();
            *numbers.entry(*word).or_insert(next)
        });
        numbered.collect::<Vec<usize>>()
    });
    for operation in capture_diff_slices(Algorithm::Myers, &base, &new) {
        if matches!(operation, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (operation.old_range(), operation.new_range());
        match hunks.last_mut() {
            Some(hunk) if hunk.to == old.start && last_new == new.start => {
                let start = new.start - hunk.words.len();
                hunk.to = old.end;
                hunk.words = &side[start..new.end];
            }
            _ => hunks.push(Hunk {
                from: old.start,
                to: old.end,
                words: &side[new.clone()],
            }),
        }
        last_new = new.end;
    }
    hunks
}

/// Cuts a text into runs of letters or digits, runs of white space, and single other characters.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c.is_whitespace() {
            2
        } else {
            0
        }
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let now = class(c);
        if last.is_some_and(|last| last != now || now == 0) {
            words.push(&text[start..at]);
            start = at;
        }
        last = Some(now);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_that_do_not_touch_are_both_kept() {
        for (base, mine, theirs, merged) in [
            (
                "the old plan",
                "the new plan",
                "the old plan B",
                Some("the new plan B"),
            ),
            ("a b c", "a c", "a b c d", Some("a c d")),
            ("one two", "one two", "one three", Some("one three")),
            ("one two", "uno two", "uno two", Some("uno two")),
            ("a", "b", "c", None),
            ("a", "a x", "a y", None),
            ("", "x", "y", None),
            (
                "red, green",
                "blue, green",
                "red, yellow",
                Some("blue, yellow"),
            ),
        ] {
            assert_eq!(
                merge_texts(base, mine, theirs).as_deref(),
                merged,
                "{base}|{mine}|{theirs}"
            );
        }
    }

    #[test]
    fn objects_are_merged_key_by_key() {
        let base = json!({"a": 1, "b": {"c": "x y"}});
        let mine = json!({"a": 2, "b": {"c": "x z"}});
        let theirs = json!({"b": {"c": "w y"}, "a": 1, "d": true});
        let merged = merge_values(&base, &mine, &theirs);
        assert_eq!(merged, Some(json!({"a": 2, "b": {"c": "w z"}, "d": true})));
        assert_eq!(merge_values(&json!(1), &json!(2), &json!(3)), None);
    }

    #[test]
    fn the_order_of_the_sides_does_not_matter() {
        let texts = ["a b c d", "a x c d", "a b c y d", "b c d", "a b c d e", ""];
        for base in texts {
            for mine in texts {
                for theirs in texts {
                    let one = merge_texts(base, mine, theirs);
                    assert_eq!(
                        one,
                        merge_texts(base, theirs, mine),
                        "{base}|{mine}|{theirs}"
                    );
                }
            }
        }
    }
}
