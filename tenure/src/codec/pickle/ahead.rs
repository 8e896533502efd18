//! Looking ahead in JSON, for what a pickle says of a list before its items.

use super::write::{plain_text, string_end};

/// Tells which lists and dicts have several items, before these are written: of one item alone the pickle has no mark.
///
/// It looks only as far as to the end of the first item. What it sees on the way of the lists and dicts inside it is kept until they are
/// written, so that nothing is looked at twice, however deep.
#[derive(Default)]
pub(super) struct Ahead {
    /// Of the lists and dicts that come next, in the order in which they open: whether it has several items, and above that bit, as long
    /// as it is looked at, the place of the one around it.
    seen: Vec<usize>,
    /// How many of these have been asked for.
    asked: usize,
}

impl Ahead {
    /// Whether the list or dict whose items start here has several. It is not empty.
    pub(super) fn several(&mut self, items: &[u8]) -> bool {
        if let Some(known) = self.seen.get(self.asked) {
            self.asked += 1;
            return known & 1 != 0;
        }
        self.seen.clear();
        self.asked = 0;
        let mut at = 0;
        // The list or dict that is looked at, counted from 1; 0 is the one that was asked for.
        let mut inside = 0;
        while let Some(byte) = items.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let from = at + plain_text(items.get(at..).unwrap_or_default());
                    at = string_end(items, from) + 1;
                }
                b'{' | b'[' => {
                    // An empty one is not asked for.
                    if matches!(items.get(at), Some(b'}' | b']')) {
                        at += 1;
                    } else {
                        self.seen.push(inside << 1);
                        inside = self.seen.len();
                    }
                }
                b',' if inside == 0 => return true,
                b',' => {
                    if let Some(seen) = self.seen.get_mut(inside - 1) {
                        *seen |= 1;
                    }
                }
                b'}' | b']' => match inside.checked_sub(1).and_then(|place| self.seen.get(place)) {
                    Some(seen) => inside = seen >> 1,
                    None => return false,
                },
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_items_are_seen_ahead_however_deep() {
        let mut ahead = Ahead::default();
        for (items, several) in [
            (&br#"[["a,]",{}],1]]"#[..], false),
            (br#"["a,]",{}],1]]"#, true),
            (br#""a,]",{}],1]]"#, true),
            (br#""\"a":[],"b":1}"#, true),
            (br#""\"a":1}"#, false),
        ] {
            assert_eq!(ahead.several(items), several);
        }
    }
}
