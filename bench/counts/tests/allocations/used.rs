//! A request that uses its session.

use counts::{
    allocations::{Around, added},
    case::CASES,
    contestant::{Contestant, EmptyLayer},
    tenure::Tenure,
};

/// The allocations of this case that are tenure's own: alone, in a request whose `Extensions` are in use, and in axum beside an empty layer.
fn adds(name: &str) -> [i64; 2] {
    let tenure = Tenure::new().unwrap();
    let case = *CASES.iter().find(|case| case.name == name).unwrap();
    let count = |contestant: &dyn Contestant, around| {
        let cost = added(contestant, around, &case).unwrap();
        cost.allocations.exactly().unwrap()
    };
    [
        count(&tenure, Around::Extended),
        count(&tenure, Around::Axum) - count(&EmptyLayer, Around::Axum),
    ]
}

#[test]
fn a_read_takes_at_most_ten_allocations() {
    let counts = adds("cookie, one key read");
    assert!(counts.iter().all(|count| *count <= 10), "{counts:?}");
}

#[test]
fn a_write_takes_at_most_twenty_allocations() {
    let counts = adds("cookie, one key written");
    assert!(counts.iter().all(|count| *count <= 20), "{counts:?}");
}
