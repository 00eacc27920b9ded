//! Short runs of what `cargo xtask chaos` does at length, through the program itself.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn chaos(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chaos")).args(arguments).output().unwrap()
}

/// The stdout of a run that has to go well.
fn well(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = chaos(arguments);
    let stdout = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{arguments:?}\n{stdout}\n{}", String::from_utf8_lossy(&stderr));
    stdout
}

/// The number behind `name` at a line's beginning.
fn number(stdout: &str, name: &str) -> u64 {
    let line =
        stdout.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {stdout}"));
    line[name.len()..].split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn histories_end_as_the_model_says() {
    let stdout = well(&["histories", "--seed", "3", "--histories", "60"]);
    assert_eq!(number(&stdout, "histories  "), 60);
    for none in ["lost", "wrong", "duplicated"] {
        assert_eq!(number(&stdout, none), 0, "{stdout}");
    }
    for some in ["operations", "events", "faults", "replayed"] {
        assert!(number(&stdout, some) > 0, "{some}: {stdout}");
    }
}

#[test]
fn one_history_can_be_looked_at() {
    let Output { status, stdout, stderr } = chaos(&["histories", "--seed", "3", "--only", "7"]);
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{stdout}\n{stderr}");
    assert_eq!(number(&stdout, "histories  "), 1);
    assert!(stderr.contains("100%25 7.jpg"), "{stderr}");
}

#[test]
fn uploads_under_faults_are_derived_and_a_thousand_replays_are_a_thousand_gets() {
    let stdout = well(&["uploads", "--seed", "3", "--uploads", "40", "--replays", "1000"]);
    assert_eq!(number(&stdout, "derived"), 40);
    assert_eq!(number(&stdout, "wrong"), 0);
    assert_eq!(number(&stdout, "dead letters"), 0);
    assert!(number(&stdout, "faults") > 0, "{stdout}");
    assert!(stdout.contains("1000 already derived events: 1000 GetObject and nothing else"), "{stdout}");
}

#[test]
fn without_s3_list_bucket_first_uploads_are_dead_letters_that_say_so() {
    let stdout = well(&["denied", "--uploads", "5"]);
    assert_eq!(number(&stdout, "derived"), 0);
    assert_eq!(number(&stdout, "dead letters"), 5);
    assert!(stdout.contains("of 10 failures, 10 say \"needs s3:ListBucket\""), "{stdout}");
}

#[test]
fn there_is_nothing_to_kill_without_a_program() {
    let Output { status, stderr, .. } = chaos(&["kill", "--bootstrap", "/nowhere/bootstrap"]);
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stderr).contains("/nowhere/bootstrap"));
}
