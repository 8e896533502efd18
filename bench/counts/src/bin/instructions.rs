//! Does every case under Callgrind, which `cargo xtask counts` starts.
//!
//! Prints the processor's features that Valgrind shows, then the name of each case and how many calls of it were counted.

use std::{
    hint::black_box,
    io::{self, Write},
};

use counts::{Counter, Error, cases};

/// Callgrind is told to count while [`counted`] runs.
struct Callgrind;

impl Counter for Callgrind {
    fn count(&mut self, work: &mut dyn FnMut()) {
        counted(work);
    }
    fn next(&mut self) {}
}

#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

/// Callgrind is told to write down its count, and to begin anew, when this is over.
#[inline(never)]
fn case_is_over(number: usize) {
    black_box(number);
}

fn main() -> Result<(), Error> {
    if cfg!(feature = "allocations") {
        return Err("its allocator counts: build it with --no-default-features".into());
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{}", features().join(" "))?;
    for (number, mut case) in cases::all()?.into_iter().enumerate() {
        case.task.run(&mut Callgrind)?;
        case_is_over(number);
        writeln!(out, "{}\t{}", case.task.calls(), case.name)?;
    }
    Ok(())
}

/// Those by which libraries choose among their implementations.
fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let all = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("sha", is_x86_feature_detected!("sha")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let all: [(&str, bool); 0] = [];
    all.into_iter()
        .filter_map(|(name, there)| there.then_some(name))
        .collect()
}
