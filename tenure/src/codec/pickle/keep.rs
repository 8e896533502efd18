//! Writing a session that was skimmed: what nobody changed is copied from the pickle that was read, instruction by instruction as it stood.
//!
//! Texts refer to one another by numbers. A value that comes or goes moves all numbers after it, which are then written anew in what is
//! copied. Only if a text is gone that others refer to, all has to be read and written.

use super::{
    Protocol, opcode as op,
    pickled::{Pickled, Point},
    write::{BATCH, FRAME, FRAME_HEADER, Pickler, plain_text},
};
use crate::data::{Data, Part};

/// The pickle of `data`, if it was skimmed and can keep what was read.
pub(super) fn encode(data: &Data, protocol: Protocol) -> Option<Vec<u8>> {
    let source = data.foreign_values::<Pickled>()?;
    (2..BATCH).contains(&data.len()).then_some(())?;
    let mut pickler = Pickler::new(source.bytes.len() + 64, protocol);
    let frame = pickler.frame;
    pickler.put([op::EMPTY_DICT, op::MEMOIZE, op::MARK]);
    pickler.memoized = 1;
    let mut keeper = Keeper {
        source,
        pickler,
        kept: Vec::with_capacity(data.len()),
        straight: true,
    };
    for (place, (key, part)) in data.parts().enumerate() {
        match part {
            Part::Foreign(number) => {
                let (item, end) = source.item(number)?;
                keeper.keep(item.from, end)?;
            }
            Part::Json(value) => {
                keeper.key(key, place)?;
                keeper.pickler.rest = value.as_bytes();
                keeper.pickler.value();
            }
        }
    }
    let mut pickler = keeper.pickler;
    pickler.put([op::SETITEMS, op::STOP]);
    // Several frames begin where CPython begins them only if all is written anew.
    let length = pickler.out.len() - frame - FRAME_HEADER;
    (pickler.frame == frame && length < FRAME).then_some(())?;
    pickler.end_frame();
    Some(pickler.out)
}

struct Keeper<'a> {
    source: &'a Pickled,
    pickler: Pickler<'a>,
    kept: Vec<Kept>,
    /// Whether all numbers that were given so far were the same in the pickle that was read.
    straight: bool,
}

/// Numbers that values had in the pickle that was read, and the first that they have now.
struct Kept {
    from: u32,
    to: u32,
    now: u32,
}

impl<'a> Keeper<'a> {
    /// Copies what stands between two points.
    fn keep(&mut self, from: Point, to: Point) -> Option<()> {
        let instructions = self.source.between(from, to)?;
        let now = self.pickler.memoized;
        let before = self.kept.last().map_or(1, |kept| kept.to);
        self.straight &= from.numbers == before && from.numbers == now;
        self.kept.push(Kept {
            from: from.numbers,
            to: to.numbers,
            now,
        });
        self.pickler.memoized += to.numbers - from.numbers;
        if self.straight {
            self.pickler.out.extend_from_slice(instructions);
            return Some(());
        }
        self.renumber(instructions)
    }

    /// A key whose value is another now. It may have been the item with this number.
    fn key(&mut self, key: &'a str, number: usize) -> Option<()> {
        let key = key.as_bytes();
        let item = self.source.item(number).map(|(item, _)| item);
        if let Some(item) = item.filter(|item| self.source.key(item) == key) {
            return self.keep(item.from, item.value);
        }
        self.pickler.text(key, plain_text(key) == key.len());
        Some(())
    }

    /// Copies instructions with other numbers.
    fn renumber(&mut self, instructions: &[u8]) -> Option<()> {
        let mut rest = instructions;
        while let Some((code, after)) = rest.split_first() {
            let length = match *code {
                op::BINGET => {
                    let (number, after) = after.split_first()?;
                    self.refer((*number).into())?;
                    rest = after;
                    continue;
                }
                op::LONG_BINGET => {
                    let (number, after) = after.split_first_chunk()?;
                    self.refer(u32::from_le_bytes(*number))?;
                    rest = after;
                    continue;
                }
                op::SHORT_BINUNICODE | op::LONG1 => 2 + usize::from(*after.first()?),
                op::BINUNICODE => 5 + u32::from_le_bytes(*after.first_chunk()?) as usize,
                op::BININT1 => 2,
                op::BININT2 => 3,
                op::BININT => 5,
                op::BINFLOAT => 9,
                _ => 1,
            };
            let (instruction, after) = rest.split_at_checked(length)?;
            self.pickler.out.extend_from_slice(instruction);
            rest = after;
        }
        Some(())
    }

    /// Refers to the text that had this number.
    fn refer(&mut self, number: u32) -> Option<()> {
        let after = self.kept.partition_point(|kept| kept.from <= number);
        let kept = self.kept.get(after.checked_sub(1)?)?;
        (number < kept.to).then_some(())?;
        self.pickler.get(kept.now + (number - kept.from));
        Some(())
    }
}
