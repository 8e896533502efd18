//! The texts that Python has once in memory.

use std::collections::HashMap;

/// Up to this many texts are compared with one another; beyond it they are hashed, so that many texts cost no more than many bytes.
const FEW: usize = 32;

/// Texts, and the numbers to refer to them by.
pub(super) struct Shared<'a> {
    texts: Vec<Text<'a>>,
    /// Where each stands, once they are more than a few.
    places: HashMap<&'a [u8], usize>,
    /// The one that was asked for last.
    last: usize,
}

struct Text<'a> {
    bytes: &'a [u8],
    number: u32,
    /// The one that came after this the last time: the dicts of a list have their keys in one order, which spares most of the searching.
    next: usize,
    /// Of a text that is shorter than a word: it and the quote behind it as a word, and how many bits of that are beyond them.
    start: u64,
    beyond: u32,
}

impl<'a> Shared<'a> {
    pub(super) fn new() -> Self {
        Self {
            texts: Vec::new(),
            places: HashMap::new(),
            last: 0,
        }
    }

    /// The length and the number of the text that is likely to come next, if it is what stands before the first quote here.
    #[inline]
    pub(super) fn expected(&mut self, text: &[u8]) -> Option<(usize, u32)> {
        let place = self.texts.get(self.last)?.next;
        let expected = self.texts.get(place)?;
        let same = match text.first_chunk() {
            Some(start) if expected.bytes.len() < 8 => {
                (u64::from_le_bytes(*start) ^ expected.start) << expected.beyond == 0
            }
            _ => {
                let rest = text.strip_prefix(expected.bytes)?;
                rest.first() == Some(&b'"')
            }
        };
        same.then_some(())?;
        self.last = place;
        Some((expected.bytes.len(), expected.number))
    }

    /// The number of a text that is known; one that is not gets `number`.
    pub(super) fn number(&mut self, text: &'a [u8], number: u32) -> Option<u32> {
        let known = self.find(text);
        let place = known.unwrap_or(self.texts.len());
        if known.is_none() {
            self.add(text, number);
        }
        if let Some(last) = self.texts.get_mut(self.last) {
            last.next = place;
        }
        self.last = place;
        known.and_then(|place| self.texts.get(place).map(|known| known.number))
    }

    fn find(&self, text: &[u8]) -> Option<usize> {
        if self.texts.len() > FEW {
            return self.places.get(text).copied();
        }
        self.texts.iter().position(|known| {
            // Most have another length or begin otherwise, which is sooner compared.
            known.bytes.len() == text.len()
                && known.bytes.first() == text.first()
                && known.bytes == text
        })
    }

    fn add(&mut self, text: &'a [u8], number: u32) {
        let mut start = [0; 8];
        for (place, byte) in start.iter_mut().zip(text.iter().chain(b"\"")) {
            *place = *byte;
        }
        if self.texts.is_empty() {
            // As many as a session of some hundred bytes has.
            self.texts.reserve(16);
        }
        self.texts.push(Text {
            bytes: text,
            number,
            next: 0,
            start: u64::from_le_bytes(start),
            beyond: u32::try_from(56 - 8 * text.len().min(7)).unwrap_or_default(),
        });
        let from = match self.texts.len() {
            0..=FEW => return,
            length if self.places.is_empty() => 0..length,
            length => length - 1..length,
        };
        let texts = self.texts.iter().enumerate();
        let new = texts
            .skip(from.start)
            .map(|(place, known)| (known.bytes, place));
        self.places.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few texts and many, guessed and not, have the numbers that a map gives them.
        #[test]
        fn numbers_are_those_of_a_map(texts in prop::collection::vec("[ab]{0,5}|abcdef[ab]{0,4}", 0..300)) {
            let (mut shared, mut map) = (Shared::new(), HashMap::new());
            for (number, text) in (0..).zip(&texts) {
                let rest = format!("{text}\":1,\"b\":2");
                let expected = map.get(text).copied();
                if let Some((length, guessed)) = shared.expected(rest.as_bytes()) {
                    prop_assert_eq!((length, Some(guessed)), (text.len(), expected));
                } else {
                    prop_assert_eq!(shared.number(text.as_bytes(), number), expected);
                    map.entry(text).or_insert(number);
                }
            }
        }
    }
}
