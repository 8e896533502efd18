//! A request that uses its session.

use counts::{
    allocations::{Around, added},
    case::CASES,
    tenure::Tenure,
};

/// The allocations of this case: the layer alone, in a request whose `Extensions` are in use, and in axum, which takes two for any layer.
fn adds(name: &str) -> [i64; 2] {
    let tenure = Tenure::new().unwrap();
    let case = *CASES.iter().find(|case| case.name == name).unwrap();
    [Around::Extended, Around::Axum].map(|around| {
        let cost = added(&tenure, around, &case).unwrap();
        cost.allocations.exactly().unwrap()
    })
}

#[test]
fn a_read_takes_at_most_ten_allocations() {
    let counts = adds("cookie, one key read");
    assert!(counts.iter().all(|count| *count <= 10), "{counts:?}");
}

#[test]
fn a_write_takes_at_most_twenty_three_allocations() {
    let counts = adds("cookie, one key written");
    assert!(counts.iter().all(|count| *count <= 23), "{counts:?}");
}
