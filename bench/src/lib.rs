//! Session systems beside each other, under load. What tenure costs in instructions and allocations is the package `counts`.
