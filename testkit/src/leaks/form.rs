//! What a live key looks like. Also used by `cargo xtask test`, on all that the tests have written.

/// The first thing in `text` that looks like a key that opens a session, or like a whole session that is its own key.
pub(crate) fn find(text: &str) -> Option<&str> {
    find_drawn(text)
        .or_else(|| find_signed(text))
        .or_else(|| find_encrypted(text))
}

/// A key as tenure and Django draw it: 32 letters and digits, alone or behind a word, as in `…sessions.cache<key>`.
///
/// No hexadecimal number is one, nor a text of few different letters: of 10^11 keys one looks like the first, of more the other.
fn find_drawn(text: &str) -> Option<&str> {
    let mut escape = 0;
    let mut words = text.split(|letter: char| {
        // The letter of `\n`, the digits of `%22`: they belong to no word.
        escape = match letter {
            '\\' => 1,
            '%' => 2,
            _ if escape > 0 => {
                escape -= 1;
                return true;
            }
            _ => 0,
        };
        !letter.is_ascii_alphanumeric()
    });
    words.find(|word| {
        word.len() >= 32
            && !word.bytes().any(|byte| byte.is_ascii_uppercase())
            && word.bytes().any(|byte| byte > b'f')
            && different(word) >= 12
    })
}

fn different(word: &str) -> u32 {
    let seen = word
        .bytes()
        .fold(0_u128, |seen, byte| seen | 1 << (byte & 127));
    seen.count_ones()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Django's signed values: `data:time:signature`.
fn find_signed(text: &str) -> Option<&str> {
    let mut words = text.split(|letter: char| {
        !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | ':' | '.'))
    });
    words.find(|word| {
        let mut parts = word.rsplit(':');
        let (signature, time, data) = (parts.next(), parts.next(), parts.next());
        signature.is_some_and(|signature| signature.len() == 43)
            && time.is_some_and(|time| time.len() == 6)
            && data.is_some_and(|data| !data.is_empty())
    })
}

/// Encrypted cookies: base64url of a first byte that is 1, a key's number, a nonce, at least 64 bytes of session, and a tag.
fn find_encrypted(text: &str) -> Option<&str> {
    let mut words = text.split(|letter: char| !letter.is_ascii() || !is_base64(letter as u8));
    words.find(|word| {
        word.len() >= 145 && matches!(word.as_bytes(), [b'A', b'Q'..=b'Z' | b'a'..=b'f', ..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f";

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        for text in [
            KEY.to_owned(),
            format!("sessionid={KEY}; Path=/"),
            format!("\"{KEY}\""),
            format!(":1:django.contrib.sessions.cache{KEY}"),
            format!("django.contrib.sessions.cached_db{KEY} \u{1b}[0m"),
            format!(r"a line\n{KEY}\n"),
            format!("?next=%2F{KEY}%2F"),
            format!("&quot;{KEY}&quot;"),
        ] {
            assert!(find(&text).unwrap().ends_with(KEY), "{text}");
        }
    }

    #[test]
    fn a_session_that_is_its_own_key_is_found() {
        let signed = "eyJhIjoxfQ:1vKq3x:Jc0cJ3mZ8hO9cXr6Wb2w7y5t1u4v0aZ-eQ_rT3sLkMn";
        assert_eq!(find(&format!("sessionid=\"{signed}\";")), Some(signed));
        let sealed = format!("AX{}", "b-C_9".repeat(30));
        assert_eq!(find(&format!("cookie {sealed}.")), Some(sealed.as_str()));
    }

    #[test]
    fn what_opens_nothing_is_not_taken_for_a_key() {
        for text in [
            "0123456789abcdef0123456789abcdef",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "session=1f0c9a2b7d3e created",
            "a_login_elsewhere_does_not_lose_the_cart_of_a_visitor",
            "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA",
            "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "2026-11-25T16:00:00.000000Z",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
