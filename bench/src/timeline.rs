//! The drawing of rolling updates: a row for each pod, and what became of a job that is due each second.
//!
//! It stands on a ground of its own, dark where the reader's surroundings are, so that it can be read on any.

use std::fmt::Write;

use crate::bars::short;
use crate::rolling::Update;

const WIDTH: f64 = 940.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 20.0;
const ROW: f64 = 17.0;
/// Between panels.
const GAP: f64 = 30.0;

const STYLE: &str = "text{font:12px sans-serif;fill:#1f2328}.title{font-weight:bold;font-size:14px}\
    .faint{fill:#656d76}.ground{fill:#fff}.life{fill:#d8dee4}.leads{fill:#0969da}.missed{fill:#cf222e}\
    .doubled{fill:#bf8700}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#9198a1}.ground{fill:#0d1117}\
    .life{fill:#30363d}.leads{fill:#4493f8}.missed{fill:#f85149}.doubled{fill:#d29922}}";

pub(crate) fn draw(updates: &[Update]) -> String {
    let longest = updates.iter().map(|update| update.lasts).fold(1.0, f64::max);
    let x = |ms: f64| LEFT + ms.clamp(0.0, longest) / longest * (WIDTH - LEFT - RIGHT);
    let mut body = String::new();
    let mut y = 24.0;
    for update in updates {
        y = panel(&mut body, update, y, &x) + GAP;
    }
    let height = y + 14.0;
    let mut axis = String::new();
    for second in (0_u16..).step_by(10).take_while(|second| f64::from(*second) * 1000.0 <= longest) {
        let at = x(f64::from(second) * 1000.0);
        axis += &format!(
            "<text class=\"faint\" x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{second} s</text>\n",
            y - 8.0
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Who leads during a rolling update, measured</title>\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n{body}{axis}\
         <text class=\"faint\" x=\"10\" y=\"{:.0}\">Measured, default timings. Grey: a pod. Blue: it leads. \
         Squares: a job that is due each second, run once; red: missed; yellow: run twice.</text>\n</svg>\n",
        y + 8.0
    )
}

/// Draws one below `y`; where it ends.
fn panel(body: &mut String, update: &Update, y: f64, x: &dyn Fn(f64) -> f64) -> f64 {
    let ticks = update.ticks();
    let (missed, doubled) = (ticks.count(|runs| runs == 0), ticks.count(|runs| runs > 1));
    let leaderless = if ticks.leaderless < 1000.0 {
        format!("{} ms", short(ticks.leaderless.round()))
    } else {
        format!("{} s", short(ticks.leaderless / 1000.0))
    };
    // Writing to a text cannot fail.
    let mut put = |text: String| {
        let _ = writeln!(body, "{text}");
    };
    put(format!("<text class=\"title\" x=\"10\" y=\"{y:.0}\">{}</text>", update.title));
    put(format!(
        "<text x=\"{:.0}\" y=\"{y:.0}\" text-anchor=\"end\">nobody led for {leaderless}: of {} runs {missed} missed, \
         {doubled} doubled</text>",
        WIDTH - RIGHT,
        ticks.runs.len()
    ));
    let mut row = y + 12.0;
    for pod in &update.pods {
        let bar = |class: &str, from: f64, until: f64, top: f64, height: f64| {
            let (from, until) = (x(from), x(until));
            format!(
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height}\" rx=\"2\"/>",
                (until - from).max(1.0)
            )
        };
        put(format!(
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            row + 10.5,
            pod.name
        ));
        put(bar("life", pod.from, pod.until, row + 4.0, 6.0));
        for (from, until) in &pod.leads {
            put(bar("leads", *from, *until, row + 1.0, 12.0));
        }
        row += ROW;
    }
    put(format!(
        "<text class=\"faint\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">job</text>",
        LEFT - 8.0,
        row + 11.0
    ));
    for (second, runs) in ticks.runs.iter().enumerate() {
        let class = match runs {
            0 => "missed",
            1 => "leads",
            _ => "doubled",
        };
        let at = x((second + 1) as f64 * 1000.0) - 3.0;
        put(format!(
            "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{:.1}\" width=\"6\" height=\"6\"/>",
            row + 4.0
        ));
    }
    row + 12.0
}
