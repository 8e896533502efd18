//! Secrets and their masked forms: `_mask_cipher_secret` and `_unmask_cipher_token` of Django.
//!
//! A masked secret is a random mask, then the secret with the mask added letter by letter, by their places in the alphabet.

/// Python's `string.ascii_letters + string.digits`.
pub(super) const ALPHABET: &[u8] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(super) const SECRET_LENGTH: usize = 32;
const SIZE: u8 = 62;

fn place(letter: u8) -> Option<u8> {
    match letter {
        b'a'..=b'z' => Some(letter - b'a'),
        b'A'..=b'Z' => Some(letter - b'A' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        _ => None,
    }
}

/// Two texts of the same alphabet, letter by letter.
fn combine(left: &str, right: &str, places: impl Fn(u8, u8) -> u8) -> Option<String> {
    let pairs = left.bytes().zip(right.bytes());
    pairs
        .map(|(left, right)| {
            let place = places(place(left)?, place(right)?) % SIZE;
            ALPHABET.get(usize::from(place)).copied().map(char::from)
        })
        .collect()
}

/// The secret under this mask. Both are of [`ALPHABET`] and [`SECRET_LENGTH`].
pub(super) fn mask(secret: &str, mask: &str) -> String {
    let hidden = combine(secret, mask, |secret, mask| secret + mask);
    format!("{mask}{}", hidden.unwrap_or_default())
}

/// The secret of a masked or bare one; `None` if it can be neither.
pub(super) fn secret_of(text: &str) -> Option<String> {
    if text.len() == SECRET_LENGTH {
        let known = text.bytes().all(|letter| place(letter).is_some());
        return known.then(|| text.to_owned());
    }
    let (mask, hidden) = text.split_at_checked(SECRET_LENGTH)?;
    if hidden.len() != SECRET_LENGTH {
        return None;
    }
    combine(hidden, mask, |hidden, mask| hidden + SIZE - mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `_mask_cipher_secret` of Django 5.2.19.
    const MADE_BY_DJANGO: [(&str, &str); 2] = [
        (
            "abcdefghijklmnopqrstuvwxyzABCDEF",
            "w5GJuZnLqOkeHwXxWwVTTFVheTEzmnG3w6IMy4tSyXupTJbMcNdcd0hECi40OQay",
        ),
        (
            "9876543210ZYXWVUTSRQPONMLKJIHGFE",
            "MlsukFlpcNQz4UjZumBgFcddc4RrrfNFLjpqfzeh3DFnRG4Jd4iWkQQPNEqZYLi9",
        ),
    ];

    #[test]
    fn tokens_that_django_made() {
        for (secret, token) in MADE_BY_DJANGO {
            assert_eq!(secret_of(token).as_deref(), Some(secret));
            let (of_django, _) = token.split_at(SECRET_LENGTH);
            assert_eq!(mask(secret, of_django), token);
        }
    }

    #[test]
    fn the_alphabet_is_the_places() {
        assert_eq!(ALPHABET.len(), usize::from(SIZE));
        for (index, letter) in ALPHABET.iter().enumerate() {
            assert_eq!(place(*letter).map(usize::from), Some(index));
        }
    }

    #[test]
    fn what_can_be_no_token() {
        let (secret, token) = MADE_BY_DJANGO[0];
        assert_eq!(secret_of(secret).as_deref(), Some(secret));
        for wrong in [
            "",
            "a",
            &secret[1..],
            &token[1..],
            &format!("{token}a"),
            &secret.replace('a', "-"),
            &token.replace(&token[..1], "-"),
            &format!("{}é", &secret[2..]),
            &format!("{}é{secret}", &secret[1..]),
        ] {
            assert_eq!(secret_of(wrong), None, "{wrong}");
        }
    }
}
