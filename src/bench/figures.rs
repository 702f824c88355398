//! What a run measured: figures by name with a value a round, what was wrong, and the bounds asked for.

use super::faults::Faults;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::fmt;
use std::str::FromStr;

const NANOSECONDS_PER_MS: f64 = 1e6;
/// The longest latency that is told from longer ones, in nanoseconds.
const LATENCY_NS_MAX: u64 = 120_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;
const PERCENTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)];

/// How long things took.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        // The bounds are constants that it takes.
        let histogram = Histogram::new_with_max(LATENCY_NS_MAX, SIGNIFICANT_DIGITS);
        Latencies(histogram.expect("a histogram of these bounds"))
    }
}

impl Latencies {
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    pub fn add(&mut self, other: &Latencies) {
        // Both have the same bounds, so that every value finds its place.
        self.0.add(&other.0).expect("histograms of the same bounds");
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// In milliseconds.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / NANOSECONDS_PER_MS
    }
}

/// The middle of some values; of two middle ones their mean. Not a number when there are none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(sorted[middle - 1], *value),
    }
}

/// One measured quantity.
#[derive(Clone, Debug, PartialEq)]
struct Figure {
    name: String,
    unit: &'static str,
    rounds: Vec<f64>,
}

/// A figure that must not be above or below a value, as in `ack_p50_ms<=4`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    figure: String,
    at_most: bool,
    value: f64,
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Bound, String> {
        let (at_most, parts) = match (text.split_once("<="), text.split_once(">=")) {
            (Some(parts), None) => (true, parts),
            (None, Some(parts)) => (false, parts),
            _ => return Err("a bound is FIGURE<=NUMBER or FIGURE>=NUMBER".to_owned()),
        };
        let value = parts.1.trim().parse::<f64>();
        let value = value.map_err(|error| format!("{}: {error}", parts.1))?;
        Ok(Bound {
            figure: parts.0.trim().to_owned(),
            at_most,
            value,
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.at_most { "<=" } else { ">=" };
        write!(f, "{}{sign}{}", self.figure, self.value)
    }
}

/// What a run has to say.
#[derive(Debug, Default)]
pub struct Report {
    mode: &'static str,
    /// What was run, as pairs of a name and a text.
    facts: Vec<(&'static str, String)>,
    figures: Vec<Figure>,
    pub faults: Faults,
    /// Everything else that makes the run a failure, in sentences.
    pub failures: Vec<String>,
}

impl Report {
    #[must_use]
    pub fn new(mode: &'static str) -> Report {
        Report {
            mode,
            ..Report::default()
        }
    }

    /// Notes a circumstance.
    pub fn fact(&mut self, name: &'static str, text: impl ToString) {
        self.facts.push((name, text.to_string()));
    }

    /// Adds a round's value to a figure.
    pub fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        match self.figures.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.rounds.push(value),
            None => self.figures.push(Figure {
                name: name.to_owned(),
                unit,
                rounds: vec![value],
            }),
        }
    }

    /// Adds a round's percentiles as `NAME_p50_ms` and so on.
    pub fn add_latencies(&mut self, name: &str, latencies: &Latencies) {
        for (percentile, quantile) in PERCENTILES {
            let name = format!("{name}_{percentile}_ms");
            self.add(&name, "ms", latencies.quantile_ms(quantile));
        }
    }

    /// A figure's value in the latest round. Not a number when there is none.
    #[must_use]
    pub fn last(&self, name: &str) -> f64 {
        let figure = self.figures.iter().find(|figure| figure.name == name);
        figure
            .and_then(|figure| figure.rounds.last())
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The middle of a figure's rounds.
    #[must_use]
    pub fn median(&self, name: &str) -> Option<f64> {
        let figure = self.figures.iter().find(|figure| figure.name == name)?;
        Some(median(&figure.rounds))
    }

    /// Notes every bound that does not hold as a failure.
    pub fn check(&mut self, bounds: &[Bound]) {
        for bound in bounds {
            match self.median(&bound.figure) {
                None => self.failures.push(format!("{bound}: there is no such figure")),
                Some(value) => {
                    let holds = if bound.at_most {
                        value <= bound.value
                    } else {
                        value >= bound.value
                    };
                    if !holds {
                        self.failures
                            .push(format!("{bound} does not hold: it is {}", shown(value)));
                    }
                }
            }
        }
    }

    /// Whether nothing was lost, doubled, reordered or otherwise wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.faults.is_none() && self.failures.is_empty()
    }

    #[must_use]
    pub fn json(&self) -> Value {
        let facts: Map<String, Value> = self
            .facts
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
            .collect();
        let figures: Map<String, Value> = self
            .figures
            .iter()
            .map(|figure| {
                let value = json!({
                    "unit": figure.unit,
                    "median": median(&figure.rounds),
                    "rounds": figure.rounds,
                });
                (figure.name.clone(), value)
            })
            .collect();
        json!({
            "mode": self.mode,
            "facts": facts,
            "figures": figures,
            "faults": self.faults,
            "failures": self.failures,
            "good": self.is_good(),
        })
    }
}

/// The table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "roost bench {}", self.mode)?;
        for (name, text) in &self.facts {
            writeln!(f, "  {name:<34} {text}")?;
        }
        let most = self.figures.iter().map(|figure| figure.rounds.len()).max();
        let header = match most.unwrap_or_default() {
            0 | 1 => "",
            _ => "  lowest .. highest round",
        };
        writeln!(f, "  {:<34} {:>12} {:<8}{header}", "figure", "median", "unit")?;
        for figure in &self.figures {
            let middle = shown(median(&figure.rounds));
            write!(f, "  {:<34} {middle:>12} {:<8}", figure.name, figure.unit)?;
            if figure.rounds.len() > 1 {
                let lowest = figure.rounds.iter().copied().fold(f64::INFINITY, f64::min);
                let highest = figure.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                write!(f, "  {} .. {}", shown(lowest), shown(highest))?;
            }
            writeln!(f)?;
        }
        let Faults {
            lost,
            duplicated,
            reordered,
            corrupted,
            history,
        } = self.faults;
        writeln!(
            f,
            "  lost {lost}, duplicated {duplicated}, reordered {reordered}, corrupted {corrupted}, \
             different in history {history}"
        )?;
        for failure in &self.failures {
            writeln!(f, "  FAILED: {failure}")?;
        }
        let verdict = if self.is_good() { "good" } else { "NOT GOOD" };
        writeln!(f, "  {verdict}")
    }
}

/// A number with as many digits as matter.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.record(ms * 1_000_000);
        }
        let near = |value: f64, expected: f64| (value - expected).abs() < expected / 100.0;
        assert!(near(latencies.quantile_ms(0.5), 500.0));
        assert!(near(latencies.quantile_ms(0.99), 990.0));
        let mut twice = latencies.clone();
        twice.add(&latencies);
        assert_eq!(twice.count(), 2_000);
    }

    #[test]
    fn a_bound_that_does_not_hold_or_names_nothing_fails_the_run() {
        let mut report = Report::new("post");
        for value in [1.0, 9.0, 2.0] {
            report.add("x", "ms", value);
        }
        let bound = |text: &str| text.parse::<Bound>().unwrap();
        report.check(&[bound("x<=2"), bound("x >= 2")]);
        assert!(report.is_good());
        report.check(&[bound("x<=1.9"), bound("x>=3"), bound("y<=1")]);
        assert_eq!(
            report.failures,
            [
                "x<=1.9 does not hold: it is 2.000",
                "x>=3 does not hold: it is 2.000",
                "y<=1: there is no such figure"
            ]
        );
        for wrong in ["x", "x=1", "x<=y", "x<=1>=2"] {
            assert!(wrong.parse::<Bound>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_fault_makes_the_run_bad_in_table_and_json() {
        let mut report = Report::new("post");
        report.add("acknowledged_per_s", "1/s", 12_345.6);
        assert!(report.to_string().contains("12346"));
        assert_eq!(report.json()["good"], true);
        report.faults.lost = 1;
        assert!(report.to_string().contains("NOT GOOD"));
        let json = report.json();
        assert_eq!(
            (&json["good"], &json["faults"]["lost"]),
            (&false.into(), &1.into())
        );
        assert_eq!(json["figures"]["acknowledged_per_s"]["median"], 12_345.6);
    }
}
