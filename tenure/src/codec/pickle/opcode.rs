//! The instructions of a pickle, by the names of Python's `pickletools`.

macro_rules! opcodes {
    ($($name:ident = $code:literal),* $(,)?) => {$(
        pub(super) const $name: u8 = $code;
    )*};
}

opcodes! {
    MARK = b'(', EMPTY_TUPLE = b')', STOP = b'.', FLOAT = b'F', BINFLOAT = b'G', INT = b'I', BININT = b'J', BININT1 = b'K',
    LONG = b'L', BININT2 = b'M', NONE = b'N', REDUCE = b'R', UNICODE = b'V', BINUNICODE = b'X', EMPTY_LIST = b']', APPEND = b'a',
    GLOBAL = b'c', DICT = b'd', APPENDS = b'e', GET = b'g', BINGET = b'h', LONG_BINGET = b'j', LIST = b'l', PUT = b'p',
    BINPUT = b'q', LONG_BINPUT = b'r', SETITEM = b's', TUPLE = b't', SETITEMS = b'u', EMPTY_DICT = b'}',
    BINBYTES = b'B', SHORT_BINBYTES = b'C', BUILD = b'b',
    PROTO = 0x80, NEWOBJ = 0x81, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88, NEWFALSE = 0x89, LONG1 = 0x8a,
    LONG4 = 0x8b, SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, BINBYTES8 = 0x8e, EMPTY_SET = 0x8f, ADDITEMS = 0x90,
    FROZENSET = 0x91, STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95, BYTEARRAY8 = 0x96,
}

/// The name of an instruction that no session needs.
pub(super) const fn refused(code: u8) -> Option<&'static str> {
    Some(match code {
        b'0' => "POP",
        b'1' => "POP_MARK",
        b'2' => "DUP",
        b'P' => "PERSID",
        b'Q' => "BINPERSID",
        b'S' => "STRING",
        b'T' => "BINSTRING",
        b'U' => "SHORT_BINSTRING",
        b'i' => "INST",
        b'o' => "OBJ",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        0x92 => "NEWOBJ_EX",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        _ => return None,
    })
}
