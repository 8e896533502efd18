//! Whole numbers of any size: decimal digits in JSON, two's complement in a pickle, least byte first.

/// The most digits that Python turns into a number or back (`sys.int_info.default_max_str_digits`). Beyond, it takes time that grows with
/// the square of their number, so that neither Python nor tenure does it.
pub(super) const MOST_DIGITS: usize = 4300;
/// The bytes that so many digits fill.
pub(super) const MOST_BYTES: usize = 1786;

/// 10 to this power is the most that fits a `u64`.
const DIGITS: usize = 19;
const POWER: u128 = 10_000_000_000_000_000_000;

/// The bytes of a number in decimal digits, as few as hold its sign too.
pub(super) fn to_bytes(text: &str) -> Vec<u8> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut limbs: Vec<u64> = Vec::with_capacity(digits.len() / DIGITS + 1);
    let (first, whole) = digits
        .split_at_checked(digits.len() % DIGITS)
        .unwrap_or_default();
    let chunks = whole.as_bytes().chunks(DIGITS);
    for chunk in std::iter::once(first.as_bytes()).chain(chunks) {
        let mut carry = chunk
            .iter()
            .fold(0, |number, digit| number * 10 + u128::from(digit & 0xf));
        for limb in &mut limbs {
            let product = u128::from(*limb) * POWER + carry;
            (*limb, carry) = halves(product);
        }
        if carry > 0 {
            limbs.push(halves(carry).0);
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        negate(&mut bytes);
    }
    shorten(&mut bytes);
    bytes
}

/// The decimal digits of a number in bytes.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if negative {
        negate(&mut magnitude);
    }
    let mut limbs: Vec<u64> = magnitude
        .chunks(8)
        .map(|chunk| {
            let mut limb = [0; 8];
            for (place, byte) in limb.iter_mut().zip(chunk) {
                *place = *byte;
            }
            u64::from_le_bytes(limb)
        })
        .collect();
    let mut parts = Vec::new();
    loop {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        if limbs.is_empty() {
            break;
        }
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            let number = (rest << 64) | u128::from(*limb);
            *limb = halves(number / POWER).0;
            rest = number % POWER;
        }
        parts.push(rest);
    }
    let Some(first) = parts.pop() else {
        return "0".into();
    };
    let sign = if negative { "-" } else { "" };
    let rest = parts.iter().rev().map(|part| format!("{part:019}"));
    std::iter::once(format!("{sign}{first}"))
        .chain(rest)
        .collect()
}

/// Writes the decimal digits of a small number, and says how many bytes they are: a third of the steps that formatting takes.
#[inline]
pub(super) fn write(text: &mut [u8; 11], number: i32) -> usize {
    let length = length(number);
    let mut rest = number.unsigned_abs();
    for place in text.iter_mut().take(length).rev() {
        // A remainder below 10 fits a byte, so that this falls back to nothing.
        *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    if number < 0 {
        let [sign, ..] = text;
        *sign = b'-';
    }
    length
}

/// How many bytes the decimal digits of a small number are.
#[inline]
pub(super) fn length(number: i32) -> usize {
    let log = number.unsigned_abs().checked_ilog10();
    usize::from(number < 0) + 1 + log.map_or(0, |log| log as usize)
}

/// The low half, and what is above it.
fn halves(number: u128) -> (u64, u128) {
    let low = number & u128::from(u64::MAX);
    (u64::try_from(low).unwrap_or_default(), number >> 64)
}

/// Two's complement. The magnitude of the least number that fits is read without a sign, as it should be.
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Takes away leading bytes that say no more than the sign of the next.
pub(super) fn shorten(bytes: &mut Vec<u8>) {
    while let [.., next, last] = bytes.as_slice()
        && (*last == 0 && next & 0x80 == 0 || *last == 0xff && next & 0x80 != 0)
    {
        bytes.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_bytes_are_used() {
        for (text, bytes) in [
            ("0", &[0][..]),
            ("127", &[0x7f]),
            ("128", &[0x80, 0]),
            ("-128", &[0x80]),
            ("-129", &[0x7f, 0xff]),
            ("-1", &[0xff]),
            ("18446744073709551616", &[0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ] {
            assert_eq!(to_bytes(text), bytes, "{text}");
            assert_eq!(to_text(bytes), text);
        }
        assert_eq!(to_text(&[]), "0");
        assert_eq!(to_bytes(&"9".repeat(MOST_DIGITS)).len(), MOST_BYTES);
    }

    #[test]
    fn small_numbers_are_written_as_they_are_formatted() {
        for number in [
            0,
            7,
            -7,
            9,
            10,
            99,
            100,
            255,
            65_535,
            -65_536,
            i32::MAX,
            i32::MIN,
        ] {
            let mut text = [0; 11];
            let length = write(&mut text, number);
            assert_eq!(text[..length], *number.to_string().as_bytes());
        }
    }

    proptest! {
        #[test]
        fn small_numbers_agree_with_the_standard_library(number in any::<i128>()) {
            let mut bytes = number.to_le_bytes().to_vec();
            prop_assert_eq!(to_text(&bytes), number.to_string());
            shorten(&mut bytes);
            prop_assert_eq!(to_bytes(&number.to_string()), bytes);
        }

        #[test]
        fn large_numbers_come_back(number in "-?[1-9][0-9]{0,400}") {
            prop_assert_eq!(to_text(&to_bytes(&number)), number);
        }

        #[test]
        fn any_bytes_come_back_shortened(mut bytes in prop::collection::vec(any::<u8>(), 1..200)) {
            let text = to_text(&bytes);
            shorten(&mut bytes);
            prop_assert_eq!(to_bytes(&text), bytes);
        }
    }
}
