//! One contestant of the benchmark.

fn main() {}
