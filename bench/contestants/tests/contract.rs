//! The contestants that need no server answer as the benchmark demands of each: it would call them broken otherwise.

use std::path::Path;

/// What is wrong with its answers, if anything is.
fn fault(name: &str, place: &Path) -> Option<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_contestants"));
    let checked = bench::check(program, name, &place.display().to_string());
    checked.err().map(|error| error.to_string())
}

#[test]
fn contestants_with_files_answer_as_the_contract_says() {
    let folder = tempfile::tempdir().unwrap();
    for who in ["floor", "tenure"] {
        assert_eq!(
            fault(
                &format!("{who}-sqlite"),
                &folder.path().join(format!("{who}.sqlite3"))
            ),
            None
        );
        let files = folder.path().join(who);
        std::fs::create_dir(&files).unwrap();
        assert_eq!(fault(&format!("{who}-file"), &files), None);
    }
}

#[test]
fn contestants_with_nothing_but_themselves_answer_as_the_contract_says() {
    let nowhere = Path::new("");
    assert_eq!(fault("bare", nowhere), None);
    for engine in ["memory", "signed-cookies", "encrypted-cookies"] {
        assert_eq!(fault(&format!("floor-{engine}"), nowhere), None);
        assert_eq!(fault(&format!("tenure-{engine}"), nowhere), None);
    }
}
