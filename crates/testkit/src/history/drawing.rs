//! A history as an SVG: one row a process, leadership as bars, faults as bands, what is wrong in red.

use std::fmt::{self, Write};
use std::time::Duration;

use super::{Fault, History, Run, Verdict, judge};

/// A history, to be drawn under a title.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is about.
    pub title: String,
    /// What happened.
    pub history: History,
}

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 20.0;
const LABEL_HEIGHT: f64 = 13.0;
const ROW_HEIGHT: f64 = 18.0;
const BAR_HEIGHT: f64 = 12.0;
/// Roughly, at the size of labels.
const CHARACTER_WIDTH: f64 = 5.6;
/// What is wrong must be seen, however short it was.
const NARROWEST_WRONG: f64 = 2.5;
/// Runs with no more than this between them are drawn as one.
const HELD_UP: u64 = 50_000_000;

const STYLE: &str = "text{font-family:sans-serif;font-size:12px;fill:#222}\
    .title{font-weight:bold;font-size:13px}.label{font-size:10px;fill:#7a5200}\
    .tick{font-size:10px;fill:#666}.grid{stroke:#e4e4e4}.asked{fill:#c9ced6}.leads{fill:#2b6cb0}\
    .fault{fill:#f6c453;fill-opacity:.45}.moment{stroke:#b7791f;stroke-width:1.5}\
    .wrong{fill:#d5202a}.bad{fill:#d5202a;font-weight:bold}.good{fill:#2f7d32}";

/// Draws histories one below the other.
#[must_use]
pub fn draw(heading: &str, panels: &[Panel]) -> String {
    let mut body = String::new();
    let mut y = 52.0;
    for panel in panels {
        let drawing = Drawing::new(&panel.history, y);
        y = drawing.panel(&panel.title, &mut body).expect("a String can be written to");
    }
    let heading = escaped(heading);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y:.0}\" width=\"{WIDTH}\" height=\"{y:.0}\">\n\
         <style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text class=\"title\" x=\"10\" y=\"20\">{heading}</text>\n{LEGEND}{body}</svg>\n"
    )
}

const LEGEND: &str = "<rect class=\"leads\" x=\"10\" y=\"29\" width=\"24\" height=\"10\"/>\
    <text x=\"40\" y=\"38\">answers yes</text>\
    <rect class=\"asked\" x=\"125\" y=\"32\" width=\"24\" height=\"3\"/><text x=\"155\" y=\"38\">answers no</text>\
    <text x=\"235\" y=\"38\">(nothing: paused or not running)</text>\
    <rect class=\"fault\" x=\"450\" y=\"29\" width=\"24\" height=\"10\"/><text x=\"480\" y=\"38\">fault</text>\
    <rect class=\"wrong\" x=\"525\" y=\"29\" width=\"24\" height=\"10\"/>\
    <text x=\"555\" y=\"38\">two leaders, or a yes while a later leader leads</text>\n";

struct Drawing<'a> {
    history: &'a History,
    verdict: Verdict,
    top: f64,
}

/// A row: where its bar is, and how many lines of labels are above it.
struct Row<'a> {
    name: Option<&'a str>,
    bar: f64,
}

impl<'a> Drawing<'a> {
    fn new(history: &'a History, top: f64) -> Self {
        Self { history, verdict: judge(history), top }
    }

    /// Draws it; where it ends.
    fn panel(&self, title: &str, out: &mut String) -> Result<f64, fmt::Error> {
        let title_y = self.top + 14.0;
        writeln!(out, "<text class=\"title\" x=\"10\" y=\"{title_y:.0}\">{}</text>", escaped(title))?;
        let (class, verdict) = self.in_words();
        writeln!(
            out,
            "<text class=\"{class}\" x=\"{:.0}\" y=\"{title_y:.0}\" text-anchor=\"end\">{verdict}</text>",
            WIDTH - RIGHT
        )?;
        let (labels, rows, bottom) = self.arrange();
        self.axis(bottom, out)?;
        for row in &rows {
            self.row(row, out)?;
        }
        out.push_str(&labels);
        self.wrongs(&rows, out)?;
        Ok(bottom + 34.0)
    }

    fn in_words(&self) -> (&'static str, String) {
        let verdict = &self.verdict;
        if verdict.is_right() {
            return ("good", format!("one leader at a time; nobody for {}", seconds(verdict.leaderless)));
        }
        let words = format!(
            "two leaders for {}, stale yes for {}, the latest {} late",
            seconds(verdict.dual_leader),
            seconds(verdict.stale_yes),
            seconds(verdict.latest_stale_yes)
        );
        ("bad", words)
    }

    /// Puts the labels of faults above the rows that they are of, side by side or one above the other.
    fn arrange(&self) -> (String, Vec<Row<'a>>, f64) {
        let mut names: Vec<&str> = self.history.processes.iter().map(|who| who.row.as_str()).collect();
        names.extend(self.history.faults.iter().filter_map(|fault| fault.row.as_deref()));
        names.sort_unstable();
        names.dedup();
        let for_all = self.history.faults.iter().any(|fault| fault.row.is_none());
        let names = for_all.then_some(None).into_iter().chain(names.into_iter().map(Some));
        let mut labels = String::new();
        let mut rows = Vec::new();
        let mut y = self.top + 22.0;
        for name in names {
            let mut ends: Vec<f64> = Vec::new();
            for fault in self.history.faults.iter().filter(|fault| fault.row.as_deref() == name) {
                let width = CHARACTER_WIDTH * f64::from(u16::try_from(fault.what.len()).unwrap_or(u16::MAX));
                let x = self.x(fault.from).min(WIDTH - RIGHT - width);
                let line = ends.iter().position(|end| *end < x).unwrap_or(ends.len());
                let line_y =
                    y + LABEL_HEIGHT * f64::from(u16::try_from(line).unwrap_or(0)) + LABEL_HEIGHT - 3.0;
                let what = escaped(&fault.what);
                let place = format!("x=\"{x:.1}\" y=\"{line_y:.1}\"");
                labels.push_str(&format!("<text class=\"label\" {place}>{what}</text>\n"));
                ends.resize(ends.len().max(line + 1), 0.0);
                ends[line] = x + width + 4.0;
            }
            y += LABEL_HEIGHT * f64::from(u16::try_from(ends.len()).unwrap_or(0));
            rows.push(Row { name, bar: y });
            y += ROW_HEIGHT;
        }
        (labels, rows, y)
    }

    fn axis(&self, bottom: f64, out: &mut String) -> fmt::Result {
        let span = self.history.until.saturating_sub(self.history.from);
        let step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800]
            .into_iter()
            .find(|step| span / (step * 1_000_000_000) <= 16)
            .unwrap_or(3600);
        let top = self.top + 22.0;
        for second in (0..=span / 1_000_000_000).filter(|second| second % step == 0) {
            let x = self.x(self.history.from + second * 1_000_000_000);
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{x:.1} {top:.0}V{bottom:.0}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{second} s</text>",
                bottom + 12.0
            )?;
        }
        Ok(())
    }

    fn row(&self, row: &Row<'_>, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            row.bar + 10.0,
            escaped(row.name.unwrap_or("all"))
        )?;
        for fault in self.history.faults.iter().filter(|fault| fault.row.as_deref() == row.name) {
            self.fault(fault, row.bar, out)?;
        }
        for process in self.history.processes.iter().filter(|who| Some(who.row.as_str()) == row.name) {
            for (from, until, yes) in spans(&process.runs) {
                let (class, y, height) =
                    if yes { ("leads", row.bar, BAR_HEIGHT) } else { ("asked", row.bar + 4.5, 3.0) };
                self.bar(class, (from, until), (y, height), 0.5, out)?;
            }
        }
        Ok(())
    }

    fn fault(&self, fault: &Fault, bar: f64, out: &mut String) -> fmt::Result {
        let y = bar - 3.0;
        if fault.from == fault.until {
            let x = self.x(fault.from);
            return writeln!(out, "<path class=\"moment\" d=\"M{x:.1} {y:.1}v{ROW_HEIGHT:.0}\"/>");
        }
        self.bar("fault", (fault.from, fault.until), (y, ROW_HEIGHT), 1.5, out)
    }

    fn wrongs(&self, rows: &[Row<'_>], out: &mut String) -> fmt::Result {
        let bar_of = |process: usize| {
            let who = self.history.processes.get(process)?;
            rows.iter().find(|row| row.name == Some(who.row.as_str())).map(|row| row.bar)
        };
        for overlap in &self.verdict.overlaps {
            for bar in overlap.processes.into_iter().filter_map(bar_of) {
                self.bar("wrong", (overlap.from, overlap.until), (bar, BAR_HEIGHT), NARROWEST_WRONG, out)?;
            }
        }
        for stale in &self.verdict.stale {
            if let Some(bar) = bar_of(stale.process) {
                let around = (bar - 2.0, BAR_HEIGHT + 4.0);
                self.bar("wrong", (stale.from, stale.until), around, NARROWEST_WRONG, out)?;
            }
        }
        Ok(())
    }

    fn bar(
        &self,
        class: &str,
        (from, until): (u64, u64),
        (y, height): (f64, f64),
        narrowest: f64,
        out: &mut String,
    ) -> fmt::Result {
        let x = self.x(from);
        let width = (self.x(until) - x).max(narrowest);
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        )
    }

    fn x(&self, at: u64) -> f64 {
        let seconds = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64();
        let History { from, until, .. } = *self.history;
        let part = seconds(at.clamp(from, until) - from) / seconds(until.saturating_sub(from)).max(0.001);
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }
}

/// Runs that say the same without a pause between them, as one.
fn spans(runs: &[Run]) -> Vec<(u64, u64, bool)> {
    runs.iter().fold(Vec::new(), |mut spans: Vec<(u64, u64, bool)>, run| {
        match spans.last_mut() {
            Some((_, until, yes))
                if *yes == run.yes && run.first_before.saturating_sub(*until) <= HELD_UP =>
            {
                *until = run.last_after;
            }
            _ => spans.push((run.first_before, run.last_after, run.yes)),
        }
        spans
    })
}

fn seconds(duration: Duration) -> String {
    if duration.is_zero() { "0 s".to_owned() } else { format!("{:.3} s", duration.as_secs_f64()) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Answers;

    const SECOND: u64 = 1_000_000_000;

    fn yes(from: u64, until: u64) -> Run {
        Run {
            first_before: from,
            first_after: from,
            last_before: until,
            last_after: until,
            yes: true,
            count: 1000,
        }
    }

    fn panel(second_from: u64) -> Panel {
        let answers = |row: &str, run: Run| Answers { row: row.to_owned(), runs: vec![run] };
        let history = History {
            processes: vec![
                answers("C 1", yes(0, 4 * SECOND)),
                answers("JVM <2>", yes(second_from * SECOND, 9 * SECOND)),
            ],
            faults: vec![
                Fault {
                    row: Some("C 1".to_owned()),
                    what: "black hole".to_owned(),
                    from: SECOND,
                    until: 6 * SECOND,
                },
                Fault { row: None, what: "API server killed".to_owned(), from: SECOND, until: SECOND },
            ],
            from: 0,
            until: 10 * SECOND,
        };
        Panel { title: "black hole on the leader".to_owned(), history }
    }

    #[test]
    fn what_is_right_has_no_red_and_what_is_wrong_has() {
        let red = "class=\"wrong\" x";
        let right = draw("ours", &[panel(5)]);
        // The one in the legend.
        assert_eq!(right.matches(red).count(), 1, "{right}");
        assert!(right.contains("one leader at a time; nobody for 2.000 s"), "{right}");
        let wrong = draw("theirs", &[panel(3), panel(5)]);
        assert_eq!(wrong.matches(red).count(), 4, "{wrong}");
        assert!(wrong.contains("two leaders for 1.000 s"), "{wrong}");
    }

    #[test]
    fn there_is_a_row_for_each_process_and_a_label_for_each_fault() {
        let drawn = draw("ours", &[panel(5)]);
        for text in [">C 1<", ">JVM &lt;2&gt;<", ">all<", ">black hole<", ">API server killed<", ">10 s<"] {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
        assert_eq!(drawn.matches("class=\"leads\" x").count(), 3);
    }
}
