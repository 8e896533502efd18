//! Which name was meant.

/// The name most like `given`, if one is at all.
///
/// Letters alone would take `SESSION_AGE` for `SESSION_ENGINE`, so words count as well.
pub(super) fn nearest<'a>(
    given: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    let rated = names.into_iter().map(|name| {
        let like = likeness(&given, &name.to_ascii_lowercase());
        (like, name)
    });
    let (likeness, name) = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness > 0.5).then_some(name)
}

/// From 0, nothing in common, to 1, the same.
fn likeness(one: &str, other: &str) -> f64 {
    let letters = strsim::normalized_damerau_levenshtein(one, other);
    let words = |text: &str| -> Vec<String> { text.split(['_', '.']).map(str::to_owned).collect() };
    let (one, other) = (words(one), words(other));
    let common = one.iter().filter(|word| other.contains(word)).count();
    let all = one.len() + other.len() - common.min(other.len());
    let share = |part: usize, whole: usize| {
        f64::from(u16::try_from(part).unwrap_or(u16::MAX))
            / f64::from(u16::try_from(whole.max(1)).unwrap_or(u16::MAX))
    };
    // A misspelt word is still the word, so letters alone may carry a name over the threshold.
    letters.max(f64::midpoint(letters, share(common, all)))
}
