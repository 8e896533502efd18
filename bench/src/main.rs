//! The benchmark. See the library.

fn main() {}
