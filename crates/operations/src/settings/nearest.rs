//! Which known name was probably meant.

/// Returns the candidate that the fewest edits turn `name` into, if they are few enough for a
/// slip of the fingers.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edits(name, candidate), candidate))
        .min()
        .filter(|(edits, candidate)| *edits * 2 <= candidate.len().max(name.len()))
        .map(|(_, candidate)| candidate)
}

/// Counts insertions, deletions and replacements between two names (Levenshtein's distance).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, from) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "abc"), 0);
    }

    #[test]
    fn a_slip_is_found_and_nonsense_is_not() {
        let names = ["redis.url", "redis.host", "listen"];
        assert_eq!(nearest("redis.ulr", names), Some("redis.url"));
        assert_eq!(nearest("lisen", names), Some("listen"));
        assert_eq!(nearest("qqqqqqqqqqqqqqqqqqqqqqqq", names), None);
    }
}
