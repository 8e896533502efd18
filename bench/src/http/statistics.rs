//! What a figure of the tables is made of.

/// The middle of a sample, and the quarters on both sides of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Spread {
    /// None of an empty sample.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            low: quantile(&sorted, 1)?,
            median: quantile(&sorted, 2)?,
            high: quantile(&sorted, 3)?,
        })
    }
}

/// The value below which so many quarters of a sorted sample lie, on the line between its two neighbours.
fn quantile(sorted: &[f64], quarters: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let (below, rest) = (last * quarters / 4, last * quarters % 4);
    let low = *sorted.get(below)?;
    let high = *sorted.get((below + 1).min(last))?;
    let part = match rest {
        0 => 0.0,
        1 => 0.25,
        2 => 0.5,
        _ => 0.75,
    };
    Some(low + (high - low) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_sample_does_not_matter() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!(
            spread,
            Spread {
                low: 2.0,
                median: 3.0,
                high: 4.0
            }
        );
    }

    #[test]
    fn between_two_values_lies_a_line() {
        let spread = Spread::of([10.0, 20.0]).unwrap();
        assert_eq!(
            spread,
            Spread {
                low: 12.5,
                median: 15.0,
                high: 17.5
            }
        );
    }

    #[test]
    fn one_value_is_its_own_middle_and_none_has_no_middle() {
        let spread = Spread::of([7.0]).unwrap();
        let seven = Spread {
            low: 7.0,
            median: 7.0,
            high: 7.0,
        };
        assert_eq!(spread, seven);
        assert_eq!(Spread::of([]), None);
    }
}
