//! Drawings: each value a dot, one row for each of what is compared, the median a bar.

use std::fmt::Write;

use crate::bars::short;
use crate::spread::Spread;

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) scale: Scale,
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Linear,
    Logarithmic,
    /// Logarithmic, of numbers of which many are zero.
    FromZero,
}

const WIDTH: f64 = 940.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 44.0;
const ROW: f64 = 34.0;

const STYLE: &str = "text{font-family:sans-serif;font-size:13px;fill:#222}.title{font-weight:bold;font-size:14px}\
    .tick{font-size:11px;fill:#666}.grid{stroke:#e4e4e4}.dot{fill:#8a94a3;fill-opacity:.55}\
    .ours{fill:#2b6cb0;fill-opacity:.55}.median{stroke:#222;stroke-width:2}";

impl Plot {
    /// As an SVG; `None` if there is nothing to draw.
    pub(crate) fn draw(&self) -> Option<String> {
        let rows: Vec<_> =
            self.rows.iter().filter_map(|(name, values)| Some((name, values, Spread::of(values)?))).collect();
        let most = rows.iter().map(|(_, _, spread)| spread.max).max_by(f64::total_cmp)?;
        let least = rows.iter().map(|(_, _, spread)| spread.min).min_by(f64::total_cmp)?;
        let axis = Axis::over(self.scale, least, most);
        let bottom = TOP + ROW * rows.len() as f64;
        let height = bottom + 30.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\">\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text class=\"title\" x=\"10\" y=\"22\">{}</text>\n",
            self.title
        );
        for tick in axis.ticks() {
            let x = axis.x(tick);
            let label = format!("{} {}", short_tick(tick), self.unit);
            svg += &format!(
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>\n",
                bottom + 18.0
            );
        }
        for (i, (name, values, spread)) in rows.iter().enumerate() {
            let y = TOP + ROW * (i as f64 + 0.5);
            let class =
                if name.contains("ours") || name.contains("isThisInstanceLeader") { "ours" } else { "dot" };
            svg += &format!(
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\n",
                LEFT - 12.0,
                y + 4.5
            );
            for (n, value) in values.iter().enumerate() {
                // Side by side where many are the same.
                let aside = ((n * 7) % 11) as f64 - 5.0;
                let (x, y) = (axis.x(*value), y + aside);
                writeln!(svg, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>").ok()?;
            }
            let x = axis.x(spread.median);
            svg += &format!(
                "<path class=\"median\" d=\"M{x:.1} {:.1}v20\"/><text x=\"{:.0}\" y=\"{:.1}\">{} {} (n {})</text>\n",
                y - 10.0,
                WIDTH - RIGHT + 14.0,
                y + 4.5,
                short(spread.median),
                self.unit,
                spread.n
            );
        }
        Some(svg + "</svg>\n")
    }
}

struct Axis {
    scale: Scale,
    least: f64,
    most: f64,
}

impl Axis {
    fn over(scale: Scale, least: f64, most: f64) -> Self {
        match scale {
            Scale::Linear => Self { scale, least: 0.0, most: if most > 0.0 { most * 1.05 } else { 1.0 } },
            Scale::FromZero => Self { scale, least: 0.0, most: 10f64.powf(most.max(2.0).log10().ceil()) },
            Scale::Logarithmic => {
                let least = least.max(0.01).log10().floor();
                let most = most.max(0.02).log10().ceil().max(least + 1.0);
                Self { scale, least: 10f64.powf(least), most: 10f64.powf(most) }
            }
        }
    }

    fn x(&self, value: f64) -> f64 {
        let part = match self.scale {
            Scale::Linear => value / self.most,
            Scale::FromZero => value.ln_1p() / self.most.ln_1p(),
            Scale::Logarithmic => {
                (value.max(self.least) / self.least).log10() / (self.most / self.least).log10()
            }
        };
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let rough = self.most / 5.0;
                let power = 10f64.powf(rough.log10().floor());
                let steps = [1.0, 2.0, 5.0, 10.0];
                let step = steps.iter().map(|step| step * power).find(|step| *step >= rough).unwrap_or(rough);
                (0..=10).map(|i| step * f64::from(i)).filter(|tick| *tick <= self.most).collect()
            }
            Scale::FromZero => {
                let powers = (0..20).map(|i| 10f64.powi(i)).filter(|tick| *tick <= self.most);
                [0.0].into_iter().chain(powers).collect()
            }
            Scale::Logarithmic => {
                let first = self.least.log10().round();
                (0..20)
                    .map(|i| 10f64.powf(first + f64::from(i)))
                    .filter(|tick| *tick <= self.most * 1.01)
                    .collect()
            }
        }
    }
}

/// A round number, without places that say nothing.
fn short_tick(value: f64) -> String {
    let text = short(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(scale: Scale, rows: &[(&str, &[f64])]) -> Plot {
        let rows = rows.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect();
        Plot { title: "t", unit: "ms", scale, rows }
    }

    #[test]
    fn every_value_is_a_dot_within_the_axis_and_rows_without_values_are_left_out() {
        for scale in [Scale::Linear, Scale::Logarithmic, Scale::FromZero] {
            let svg = plot(scale, &[("ours", &[1.0, 9.5]), ("none", &[]), ("other", &[0.0, 3200.0])])
                .draw()
                .unwrap();
            let xs: Vec<f64> = svg
                .split("cx=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(xs.len(), 4, "{svg}");
            assert!(xs.iter().all(|x| (LEFT..=WIDTH - RIGHT).contains(x)), "{xs:?}");
            assert!(!svg.contains("none<"), "{svg}");
        }
        assert!(plot(Scale::Linear, &[("none", &[])]).draw().is_none());
    }
}
