//! Reading: Python's pickle machine, with the instructions for plain data.

use super::{
    integer, lines, opcode as op, plain,
    problem::Problem,
    skim::skim,
    tree::{Id, Node, to_json},
};
use crate::{data::Data, error::CodecError};

/// The newest protocol (PEP 574).
const NEWEST: u8 = 5;

/// Reads the pickle at the start of `bytes`, and gives what follows it, which Python does not look at.
///
/// Of a session's JSON text at most `limit` bytes are built. Memory and time are bounded by it and by the length of `bytes`, whatever the
/// pickle says of itself, and no code in it is run. [`Protocol`](super::Protocol) 0 to 5 are read, whoever wrote them. See the
/// [module docs](super) for what becomes of values that JSON has not.
///
/// # Errors
///
/// [`CodecError::Malformed`] if it is no pickle, does not hold a dict at its top, or holds any code: the cause names it.
/// [`CodecError::PythonValue`] if all is well, but a value is of a type that JSON has not: a date, a `Decimal`, a set.
/// [`CodecError::TooLarge`] if it holds more than `limit`.
///
/// # Example
///
/// ```
/// use tenure::codec::pickle;
///
/// let (data, rest) = pickle::decode(b"\x80\x04}\x94\x8c\x01a\x94K\x01s.tail", 1000)?;
/// assert_eq!(data.get_json("a"), Some("1"));
/// assert_eq!(rest, b"tail");
///
/// let error = pickle::decode(b"cos\nsystem\n(S'id'\ntR.", 1000).unwrap_err();
/// assert!(std::error::Error::source(&error).is_some_and(|why| why.to_string().starts_with("os.system is not plain data")));
/// # Ok::<(), tenure::CodecError>(())
/// ```
pub fn decode(bytes: &[u8], limit: usize) -> Result<(Data, &[u8]), CodecError> {
    match skim(bytes, limit).or_else(|| plain::read(bytes, limit)) {
        Some(read) => Ok(read),
        None => by_machine(bytes, limit),
    }
}

/// Reads any pickle, as Python's machine does.
pub(super) fn by_machine(bytes: &[u8], limit: usize) -> Result<(Data, &[u8]), CodecError> {
    let mut machine = Machine {
        rest: bytes,
        most_memo: bytes.len(),
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        memoized: 0,
    };
    let root = machine.run()?;
    if !matches!(machine.nodes.get(root), Some(Node::Dict(_))) {
        return Err(Problem::Shape("it holds no dict, as a session is").into());
    }
    let json = to_json(&machine.nodes, root, limit)?;
    // Of keys that become one in JSON, such as 1 and "1", the last counts, as in every engine of Django's that stores JSON.
    Ok((Data::from_json(json.as_bytes())?, machine.rest))
}

pub(super) struct Machine<'a> {
    rest: &'a [u8],
    /// The highest number in the memo: picklers count up, and no pickle holds more values than bytes.
    most_memo: usize,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) stack: Vec<Id>,
    /// How high the stack was at each mark that is open.
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
    memoized: usize,
}

impl<'a> Machine<'a> {
    /// Runs up to the end, and gives the value that is built.
    fn run(&mut self) -> Result<Id, Problem> {
        loop {
            let code = self.byte()?;
            match code {
                op::STOP => return self.pop(),
                op::PROTO => match self.byte()? {
                    0..=NEWEST => {}
                    newer => return Err(Problem::Protocol(newer)),
                },
                op::FRAME => {
                    let length = self.length::<8>()?;
                    if length > self.rest.len() {
                        return Err(Problem::Truncated);
                    }
                }
                op::MARK => self.marks.push(self.stack.len()),
                op::GET | op::BINGET | op::LONG_BINGET => self.get(code)?,
                op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.put(code)?,
                op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS => self.fill(code)?,
                op::ADDITEMS => {
                    self.above_mark()?;
                    self.foreign_stays("ADDITEMS")?;
                }
                op::BUILD => {
                    self.pop()?;
                    self.foreign_stays("BUILD")?;
                }
                op::GLOBAL | op::STACK_GLOBAL => self.global(code)?,
                op::REDUCE => self.reduce()?,
                op::NEWOBJ => self.new_object()?,
                _ => {
                    let node = match self.container(code)? {
                        Some(node) => node,
                        None => self.scalar(code)?,
                    };
                    self.push(node);
                }
            }
        }
    }

    fn scalar(&mut self, code: u8) -> Result<Node<'a>, Problem> {
        Ok(match code {
            op::NONE => Node::Word("null"),
            op::NEWTRUE => Node::Word("true"),
            op::NEWFALSE => Node::Word("false"),
            op::BININT1 => Node::Int(self.byte()?.into()),
            op::BININT2 => Node::Int(u16::from_le_bytes(self.array()?).into()),
            op::BININT => Node::Int(i32::from_le_bytes(self.array()?)),
            op::LONG1 => {
                let length = self.byte()?;
                self.long(length.into())?
            }
            op::LONG4 => {
                let length = self.length::<4>()?;
                self.long(length)?
            }
            op::INT => match self.line()? {
                b"00" => Node::Word("false"),
                b"01" => Node::Word("true"),
                line => Node::Digits(lines::integer(line)?),
            },
            op::LONG => {
                let line = self.line()?;
                Node::Digits(lines::integer(line.strip_suffix(b"L").unwrap_or(line))?)
            }
            op::FLOAT => Node::Float(lines::float(self.line()?)?),
            op::BINFLOAT => Node::Float(f64::from_be_bytes(self.array()?)),
            op::UNICODE => Node::Line(self.line()?),
            op::SHORT_BINUNICODE => {
                let length = self.byte()?;
                Node::Text(self.take(length.into())?)
            }
            op::BINUNICODE => {
                let length = self.length::<4>()?;
                Node::Text(self.take(length)?)
            }
            op::BINUNICODE8 => {
                let length = self.length::<8>()?;
                Node::Text(self.take(length)?)
            }
            op::SHORT_BINBYTES => {
                let length = self.byte()?;
                self.bytes(length.into(), "bytes")?
            }
            op::BINBYTES => {
                let length = self.length::<4>()?;
                self.bytes(length, "bytes")?
            }
            op::BINBYTES8 => {
                let length = self.length::<8>()?;
                self.bytes(length, "bytes")?
            }
            op::BYTEARRAY8 => {
                let length = self.length::<8>()?;
                self.bytes(length, "bytearray")?
            }
            _ => {
                let name = op::refused(code);
                return Err(name.map_or(Problem::Unknown(code), Problem::Instruction));
            }
        })
    }

    fn container(&mut self, code: u8) -> Result<Option<Node<'a>>, Problem> {
        Ok(Some(match code {
            op::EMPTY_LIST => Node::List(Vec::new()),
            op::EMPTY_DICT => Node::Dict(Vec::new()),
            op::EMPTY_TUPLE => Node::Tuple(Vec::new()),
            op::LIST => Node::List(self.above_mark()?),
            op::TUPLE => Node::Tuple(self.above_mark()?),
            op::EMPTY_SET => Node::Foreign("set"),
            op::FROZENSET => {
                self.above_mark()?;
                Node::Foreign("frozenset")
            }
            op::DICT => Node::Dict(pairs(self.above_mark()?)?),
            op::TUPLE1 => Node::Tuple(self.pop_many::<1>()?.to_vec()),
            op::TUPLE2 => Node::Tuple(self.pop_many::<2>()?.to_vec()),
            op::TUPLE3 => Node::Tuple(self.pop_many::<3>()?.to_vec()),
            _ => return Ok(None),
        }))
    }

    /// Puts values from the stack into the list or dict below them.
    fn fill(&mut self, code: u8) -> Result<(), Problem> {
        let items = match code {
            op::APPEND => self.pop_many::<1>()?.to_vec(),
            op::SETITEM => self.pop_many::<2>()?.to_vec(),
            op::SETITEMS => pairs(self.above_mark()?)?,
            _ => self.above_mark()?,
        };
        let dict = matches!(code, op::SETITEM | op::SETITEMS);
        let target = self.pop()?;
        self.stack.push(target);
        match self.nodes.get_mut(target) {
            Some(Node::List(list)) if !dict => list.extend(items),
            Some(Node::Dict(entries)) if dict => entries.extend(items),
            _ => return Err(Problem::Shape("items for what is no list or dict")),
        }
        Ok(())
    }

    fn get(&mut self, code: u8) -> Result<(), Problem> {
        let number = match code {
            op::BINGET => self.byte()?.into(),
            op::LONG_BINGET => self.length::<4>()?,
            _ => memo_number(self.line()?)?,
        };
        let known = self.memo.get(number).copied().flatten();
        self.stack
            .push(known.ok_or(Problem::Shape("a reference to nothing"))?);
        Ok(())
    }

    fn put(&mut self, code: u8) -> Result<(), Problem> {
        let number = match code {
            op::MEMOIZE => self.memoized,
            op::BINPUT => self.byte()?.into(),
            op::LONG_BINPUT => self.length::<4>()?,
            _ => memo_number(self.line()?)?,
        };
        if number > self.most_memo {
            return Err(Problem::Shape("a reference is numbered too high"));
        }
        let value = self.pop()?;
        self.stack.push(value);
        if self.memo.len() <= number {
            self.memo.resize(number + 1, None);
        }
        if let Some(place) = self.memo.get_mut(number) {
            self.memoized += usize::from(place.is_none());
            *place = Some(value);
        }
        Ok(())
    }

    fn bytes(&mut self, length: usize, class: &'static str) -> Result<Node<'a>, Problem> {
        self.take(length)?;
        Ok(Node::Foreign(class))
    }

    fn long(&mut self, length: usize) -> Result<Node<'a>, Problem> {
        if length > integer::MOST_BYTES {
            return Err(Problem::Shape("a number of more than 4300 digits"));
        }
        Ok(Node::Long(self.take(length)?))
    }

    pub(super) fn push(&mut self, node: Node<'a>) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    /// The topmost value, which must be above the last mark.
    pub(super) fn pop(&mut self) -> Result<Id, Problem> {
        let [id] = self.pop_many()?;
        Ok(id)
    }

    /// The topmost values, the lowest first.
    pub(super) fn pop_many<const N: usize>(&mut self) -> Result<[Id; N], Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let above = self.stack.get(floor..).unwrap_or_default();
        let top = above.last_chunk().copied();
        let top = top.ok_or(Problem::Shape("fewer values than an instruction needs"))?;
        self.stack.truncate(self.stack.len() - N);
        Ok(top)
    }

    /// Takes all values above the last mark, and the mark.
    fn above_mark(&mut self) -> Result<Vec<Id>, Problem> {
        let mark = self
            .marks
            .pop()
            .ok_or(Problem::Shape("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    /// A length or number in `N` bytes, the least first.
    fn length<const N: usize>(&mut self) -> Result<usize, Problem> {
        let mut bytes = [0; 8];
        for (place, byte) in bytes.iter_mut().zip(self.array::<N>()?) {
            *place = byte;
        }
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| Problem::Truncated)
    }

    /// So many bytes, where they stand.
    fn take(&mut self, length: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Up to the end of the line.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Problem> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.take(end.ok_or(Problem::Truncated)?)?;
        self.byte()?;
        Ok(line)
    }
}

/// Keys and values in turn.
fn pairs(items: Vec<Id>) -> Result<Vec<Id>, Problem> {
    if items.len().is_multiple_of(2) {
        Ok(items)
    } else {
        Err(Problem::Shape("a key in a dict has no value"))
    }
}

fn memo_number(line: &[u8]) -> Result<usize, Problem> {
    let number = lines::integer(line)?.parse();
    number.map_err(|_| Problem::Shape("a reference is numbered wrongly"))
}
