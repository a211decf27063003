//! Durations as text: `15s`, `1500ms`, `1m`.

use std::time::Duration;

use super::quoted;

/// Reads a whole number and its unit; `0` needs none.
///
/// # Errors
/// The problem, for people.
pub fn parse(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let is_zero = !number.is_empty() && number.bytes().all(|digit| digit == b'0');
    let milliseconds_per_unit = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60 * 1_000),
        "h" => Some(60 * 60 * 1_000),
        "" if is_zero => Some(1),
        _ => None,
    };
    let Some(milliseconds_per_unit) = milliseconds_per_unit.filter(|_| !number.is_empty()) else {
        let hint = if unit.is_empty() && !number.is_empty() && number.len() < 10 {
            format!(". Did you mean {number}s?")
        } else {
            String::new()
        };
        return Err(format!(
            "{} is not a duration: write a whole number and a unit (ms, s, m or h), \
             for example 15s, 1500ms or 1m{hint}",
            quoted(text)
        ));
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds_per_unit))
        .map(Duration::from_millis)
        .ok_or_else(|| {
            format!(
                "{} is too long to be counted in milliseconds: write a shorter duration, for example 15s",
                quoted(text)
            )
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("15s", Some(15_000)),
            ("1500ms", Some(1_500)),
            ("1m", Some(60_000)),
            ("2h", Some(7_200_000)),
            ("007s", Some(7_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("00", Some(0)),
            ("18446744073709551615ms", Some(u64::MAX)),
            ("18446744073709551616ms", None),
            ("18446744073709551615s", None),
            ("5124095576031h", None),
            ("99999999999999999999999999999999h", None),
            ("", None),
            ("15", None),
            ("s", None),
            ("ms", None),
            ("-1s", None),
            ("+1s", None),
            ("1.5s", None),
            ("1m30s", None),
            ("15 s", None),
            (" 15s", None),
            ("15s\n", None),
            ("15S", None),
            ("15sec", None),
            ("15us", None),
            ("PT15S", None),
            ("1\u{661}s", None),
            ("\u{662}s", None),
        ] {
            assert_eq!(parse(text).ok(), expected.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn errors_say_the_value_the_rule_and_the_fix() {
        for (text, parts) in [
            ("15", &["\"15\"", "ms, s, m or h", "15s, 1500ms or 1m", "Did you mean 15s?"][..]),
            ("1.5s", &["\"1.5s\"", "whole number", "1500ms"]),
            ("PT15S", &["\"PT15S\"", "15s"]),
            ("15s\n", &["\"15s\\n\""]),
            ("99999999999999999999s", &["\"99999999999999999999s\"", "too long", "15s"]),
        ] {
            let problem = parse(text).unwrap_err();
            for part in parts {
                assert!(problem.contains(part), "{text:?}: {part:?} is missing in: {problem}");
            }
        }
        assert!(!parse("PT15S").unwrap_err().contains("Did you mean"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn parsing_what_looks_like_a_duration_never_panics(text in "[0-9]{0,40}(ms|s|m|h|d)?.?") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(number in any::<u64>(), unit in 0..4_usize) {
            let (unit, milliseconds) = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)][unit];
            let expected = number.checked_mul(milliseconds).map(Duration::from_millis);
            prop_assert_eq!(parse(&format!("{number}{unit}")).ok(), expected);
        }

        #[test]
        fn every_duration_in_milliseconds_can_be_written(milliseconds in any::<u64>()) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&format!("{}ms", duration.as_millis())), Ok(duration));
        }
    }
}
