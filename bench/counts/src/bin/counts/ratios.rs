//! What the counts show, as ratios of instructions in one run.

use std::io::Write;

use counts::Error;

use crate::file::Counts;

const LAYERS: [(&str, &str); 2] = [("bare service", "no layer"), ("axum", "empty layer")];

struct Ratio {
    about: String,
    ours: i64,
    others: i64,
    /// In hundredths.
    at_most: i64,
}

/// Prints the ratios; fails when one is above what is promised.
pub(crate) fn check(counts: &Counts, out: &mut impl Write) -> Result<(), Error> {
    let mut ratios = Vec::new();
    for case in ["no cookie, untouched", "cookie, untouched"] {
        for (around, base) in LAYERS {
            ratios.push(untouched(counts, around, base, case)?);
        }
    }
    ratios.push(read(counts)?);
    let mut above = Vec::new();
    for Ratio {
        about,
        ours,
        others,
        at_most,
    } in &ratios
    {
        let ratio = hundredths(ours * 100 / others);
        let at_most_text = hundredths(*at_most);
        writeln!(
            out,
            "{ratio}, at most {at_most_text}: {about} ({ours} / {others} instructions)"
        )?;
        if ours * 100 > at_most * others {
            above.push(about.as_str());
        }
    }
    if above.is_empty() {
        Ok(())
    } else {
        Err(format!("more than promised: {}", above.join("; ")).into())
    }
}

/// What the layer adds to a request that does not touch its session.
fn untouched(counts: &Counts, around: &str, base: &str, case: &str) -> Result<Ratio, Error> {
    let of = |who: &str| instructions(counts, &format!("request, {around}, {case}: {who}"));
    let base = of(base)?;
    Ok(Ratio {
        about: format!("{around}, {case}: what tenure adds, over what tower-sessions adds"),
        ours: of("tenure")? - base,
        others: of("tower-sessions 0.15.0")? - base,
        at_most: 50,
    })
}

/// What a read does with what a database keeps, over the same work without Django's form.
fn read(counts: &Counts) -> Result<Ratio, Error> {
    let of = |name: &str| instructions(counts, name);
    Ok(Ratio {
        about: "300 B: verify and index a record, over bare HMAC-SHA256 and a map of RawValue"
            .to_owned(),
        ours: of("record, not compressed, 300 B: decode, which is verify and index")?,
        others: of("record, not compressed, 300 B: bare HMAC-SHA256 of its text")?
            + of("JSON, 300 B: bare serde_json to a map of RawValue")?,
        at_most: 150,
    })
}

fn instructions(counts: &Counts, name: &str) -> Result<i64, Error> {
    let count = counts.rows.get(name);
    Ok(count
        .ok_or_else(|| format!("no case is called {name}"))?
        .instructions)
}

fn hundredths(ratio: i64) -> String {
    format!("{}.{:02}", ratio / 100, ratio % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Count;

    #[test]
    fn a_layer_that_adds_too_much_fails() {
        let mut counts = Counts::new(Vec::new());
        let mut set = |name: &str, instructions| {
            let count = Count {
                instructions,
                allocations: 0,
                bytes: 0,
            };
            counts.rows.insert(name.to_owned(), count);
        };
        for case in ["no cookie, untouched", "cookie, untouched"] {
            for (around, base) in LAYERS {
                set(&format!("request, {around}, {case}: {base}"), 1_000);
                set(&format!("request, {around}, {case}: tenure"), 2_000);
                set(
                    &format!("request, {around}, {case}: tower-sessions 0.15.0"),
                    9_000,
                );
            }
        }
        set(
            "record, not compressed, 300 B: decode, which is verify and index",
            150,
        );
        set(
            "record, not compressed, 300 B: bare HMAC-SHA256 of its text",
            60,
        );
        set("JSON, 300 B: bare serde_json to a map of RawValue", 40);
        let mut out = Vec::new();
        check(&counts, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("0.12, at most"), "{out}");
        assert!(out.contains("1.50, at most 1.50"), "{out}");

        let name = "request, axum, cookie, untouched: tenure";
        counts.rows.get_mut(name).unwrap().instructions = 8_999;
        let error = check(&counts, &mut Vec::new()).unwrap_err().to_string();
        assert!(
            error.starts_with("more than promised: axum, cookie, untouched"),
            "{error}"
        );
    }
}
