//! Which name was meant.

use std::collections::BTreeSet;

/// The name most like `given`, if one is at all.
///
/// Letters alone would take `SESSION_AGE` for `SESSION_ENGINE`, so words count as well.
pub(crate) fn nearest<'a>(
    given: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    let rated = names.into_iter().map(|name| {
        let lower = name.to_ascii_lowercase();
        let letters = strsim::normalized_damerau_levenshtein(&given, &lower);
        (letters, letters + common_words(&given, &lower), name)
    });
    let (letters, _, name) = rated.max_by(|one, other| one.1.total_cmp(&other.1))?;
    (letters > 0.5).then_some(name)
}

/// The share of words that both have, from 0 to 1.
fn common_words(one: &str, other: &str) -> f64 {
    let words =
        |text: &str| -> BTreeSet<String> { text.split(['_', '.']).map(str::to_owned).collect() };
    let (one, other) = (words(one), words(other));
    let count = |words: usize| f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    count(one.intersection(&other).count()) / count(one.union(&other).count())
}
