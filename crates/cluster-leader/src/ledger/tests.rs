//! The book: its text, its bounds, what is refused.

use std::time::Duration;

use election::Instant;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::book::{Book, Entry, Key};
use crate::error::Error;

fn annotation_to_json(value: &str) -> String {
    super::to_json(&crate::store::ledger_of(value))
}

const HOUR: u64 = 3_600_000_000_000;

const fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn entry(started: Option<u64>, ended: Option<u64>, bytes: &[u8]) -> Entry {
    Entry { started: started.map(millis), ended: ended.map(millis), bytes: bytes.to_vec() }
}

fn book(entries: &[(&str, Entry)], now: Instant) -> Book {
    let mut book = Book::default();
    for (name, entry) in entries {
        book.set(name, entry.clone(), now).unwrap();
    }
    book
}

prop_compose! {
    fn any_entry()(
        started in proptest::option::of(0..78_364_164_096_u64),
        ended in proptest::option::of(0..100_000_u64),
        bytes in prop::collection::vec(any::<u8>(), 0..=Entry::MOST_BYTES),
    ) -> Entry {
        entry(started, ended, &bytes)
    }
}

proptest! {
    #[test]
    fn g13_a_ledger_survives_the_way_through_its_text_and_ages_meanwhile(
        entries in prop::collection::btree_map("[a-zäA-Z.#@0-9]{0,40}", any_entry(), 0..20),
        written in 0..HOUR,
        waits in 0..1_000_000_u64,
        read in 0..HOUR,
    ) {
        let list: Vec<_> = entries.iter().map(|(name, entry)| (name.as_str(), entry.clone())).collect();
        let written = book(&list, at(written)).text(at(written));
        let mut read_back = Book::read(&written, millis(waits), at(read)).unwrap();
        for (name, entry) in entries {
            let aged = |age: Option<Duration>| age.map(|age| age + millis(waits));
            let expected = Entry { started: aged(entry.started), ended: aged(entry.ended), ..entry };
            prop_assert_eq!(read_back.get(&name, at(read)), Some(expected), "{}", written);
        }
    }

    #[test]
    fn g13_whatever_stands_in_the_record_is_read_or_refused_and_never_more(
        text in prop_oneof!["\\PC{0,60}", "1(;[a-zA-Z0-9_-]{8}[a-z0-9]{0,8}\\.[a-z0-9]{0,8}(\\.[A-Za-z0-9_-]{0,9})?){0,3}"],
        age in any::<u64>(),
        now in any::<u64>(),
    ) {
        if let Ok(book) = Book::read(&text, millis(age), at(now)) {
            let again = book.text(at(now));
            prop_assert!(Book::read(&again, Duration::ZERO, at(now)).is_ok(), "{} of {}", again, text);
        }
        let json: Value = serde_json::from_str(&annotation_to_json(&text)).unwrap();
        prop_assert!(json["state"].is_string());
    }

    #[test]
    fn g13_no_text_is_longer_than_it_was_said_to_become(
        entries in prop::collection::vec(("[a-z]{1,8}", any_entry()), 0..40),
        later in any::<u64>(),
    ) {
        let list: Vec<_> = entries.iter().map(|(name, entry)| (name.as_str(), entry.clone())).collect();
        let book = book(&list, at(0));
        prop_assert!(book.text(at(later)).len() <= book.most_bytes());
    }
}

/// Whoever wrote it: a version of this library that cannot read it any more would lose it.
#[test]
fn g13_the_text_is_this_for_ever() {
    let now = at(HOUR);
    let entries = [
        ("io.example.Billing#nightly", entry(Some(86_400_000), Some(86_395_000), &[])),
        ("io.example.Mail#send", entry(Some(0), None, &[0, 1, 2])),
        ("never", entry(None, None, &[])),
    ];
    let written = book(&entries, now);
    let text = written.text(now);
    assert_eq!(text, "1;Ax49AqYR.;e0KkxMRY0..AAEC;xQrBemI-1ffuo0.1ffqt4");
    let mut read = Book::read(&text, millis(1), at(5)).unwrap();
    let aged = entry(Some(86_400_001), Some(86_395_001), &[]);
    assert_eq!(read.get("io.example.Billing#nightly", at(5)), Some(aged), "it began before this host did");
    assert_eq!(read.get("never", at(5)), Some(Entry::default()));
    assert_eq!(read.get("nobody", at(5)), None);
}

#[test]
fn g13_a_job_takes_about_22_bytes() {
    let day = 86_400_000;
    let names: Vec<_> = (0..300).map(|number| format!("io.example.Job#run{number}")).collect();
    let entries: Vec<_> =
        names.iter().map(|name| (name.as_str(), entry(Some(day), Some(day), &[]))).collect();
    let length = book(&entries, at(0)).text(at(0)).len();
    assert!(length <= 300 * 22 + 10, "{length}");
}

#[test]
fn g13_what_is_no_ledger_is_refused_with_the_place() {
    for (text, part) in [
        ("", "it begins with \"\", not with \"1\""),
        ("2;abcdefgh1.1", "it begins with \"2\""),
        ("{\"a\": 1}", "it begins with \"{\\\"a\\\": 1}\""),
        ("1;", "\"\" is no entry"),
        ("1;abcdefgh", "\"abcdefgh\" is no entry"),
        ("1;abcdefg.", "no entry"),
        ("1;abcdefgh1.1;x", "\"x\" is no entry"),
        ("1;abcdefgh1.1.A", "no entry"),
        ("1;abcdefgh1.1.AA.", "no entry"),
        ("1;abcdefgh+1.1", "no entry"),
        ("1;abcdefgh-1.1", "no entry"),
        ("1;abcdefghA.1", "no entry"),
        ("1;abcdefgh12345678.1", "no entry"),
        ("1;abcdefghä.1", "no entry"),
        ("1;abcdefgä1.1", "no entry"),
        ("1;****5678.1", "no entry"),
    ] {
        let problem = Book::read(text, Duration::ZERO, at(0)).unwrap_err().to_string();
        assert!(problem.contains(part), "{text:?}: {problem}");
    }
}

#[test]
fn g13_a_ledger_that_would_be_too_large_is_refused_and_names_what_takes_most() {
    let mut book = Book::default();
    let full = entry(Some(1), Some(1), &[7; Entry::MOST_BYTES]);
    book.set("large", full, at(0)).unwrap();
    let mut set = 0;
    let error = loop {
        match book.set(&format!("job-{set}"), entry(Some(1), Some(1), &[]), at(0)) {
            Ok(()) => set += 1,
            Err(error) => break error.to_string(),
        }
        let warning = book.nearly_full();
        assert_eq!(warning.is_some(), book.most_bytes() > 52_428, "{set}");
        assert!(warning.is_none_or(|warning| warning.contains("the largest are \"large\" (111 bytes)")));
    };
    assert!((2_700..2_750).contains(&set), "{set}");
    let says = format!("with \"job-{set}\" the ledger would have 655");
    assert!(error.starts_with(&says) && error.contains("65536 are the most"), "{error}");
    assert!(error.contains("the largest are \"large\" (111 bytes), \"job-"), "{error}");
    assert!(book.text(at(u64::MAX)).len() <= election::Ledger::MOST_BYTES);

    // In place of another there is room, and after a removal.
    book.set("large", entry(None, None, &[]), at(0)).unwrap();
    assert!(book.remove("job-0") && !book.remove("job-0"));
    book.set(&format!("job-{set}"), entry(Some(1), None, &[]), at(0)).unwrap();

    let too_many = entry(None, None, &[7; Entry::MOST_BYTES + 1]);
    let error = book.set("large", too_many, at(0)).unwrap_err();
    assert!(matches!(error, Error::LedgerEntry { bytes: 65, .. }), "{error}");
    assert_eq!(book.get("large", at(0)), Some(Entry::default()), "nothing has changed");
}

#[test]
fn g13_ages_do_not_overflow() {
    let oldest = entry(Some(78_364_164_095), Some(u64::MAX), &[]);
    let mut book = book(&[("old", oldest)], at(u64::MAX / 2));
    let text = book.text(at(u64::MAX));
    assert!(text.ends_with("zzzzzzz.zzzzzzz"), "{text}");
    let ahead = book.get("old", at(0)).unwrap();
    assert!(ahead.ended.is_some());
    let mut read = Book::read(&text, Duration::MAX, at(u64::MAX)).unwrap();
    assert!(read.get("old", at(u64::MAX)).unwrap().started.unwrap() > millis(78_364_164_095));
}

#[test]
fn g13_json_for_people_and_programs() {
    let now = at(HOUR);
    let entries = [("a", entry(Some(1_500), None, &[1, 2])), ("b", entry(None, Some(2), &[]))];
    let json = book(&entries, now).to_json(now);
    let told = |name: &str, key: &str, started: Value, ended: Value, bytes: &str| json!({"name": name, "key": key, "started_ms_ago": started, "ended_ms_ago": ended, "bytes": bytes});
    let (a, b) = (Key::of("a").to_string(), Key::of("b").to_string());
    let mut all =
        vec![told("a", &a, json!(1_500), Value::Null, "AQI"), told("b", &b, Value::Null, json!(2), "")];
    all.sort_by_key(|told| Key::of(told["name"].as_str().unwrap()));
    assert_eq!(json["entries"], json!(all));
    assert_eq!(json["most_bytes"], 65_536);

    let annotation = format!("7+ {}", book(&entries, now).text(now));
    let json: Value = serde_json::from_str(&annotation_to_json(&annotation)).unwrap();
    let started: Vec<_> =
        json["entries"].as_array().unwrap().iter().map(|it| &it["started_ms_ago"]).collect();
    assert!(started.contains(&&json!(1_507)) && json["state"] == "known", "{json}");
    assert_eq!(json["handed_over"], true);
    let json: Value = serde_json::from_str(&annotation_to_json("what?")).unwrap();
    assert_eq!((&json["state"], &json["unreadable"]), (&json!("unreadable"), &json!("what?")));
}
