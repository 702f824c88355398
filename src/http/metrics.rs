//! `/metrics`: what the process uses, how long requests take, and what the core counts, as OpenMetrics text.

use super::{AdminToken, Peering, refusal};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the duration buckets, in seconds.
const DURATION_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0,
];
/// Linux counts a process's time in hundredths of a second, whatever the kernel's own tick.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: f64 = 1024.0;

/// What something counted, as told at a scrape.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Only grows. Its name gets `_total`.
    Counter(f64),
    Gauge(f64),
    /// `buckets` are pairs of an upper bound and the observations since the bound before.
    Histogram {
        sum: f64,
        count: u64,
        buckets: Vec<(f64, u64)>,
    },
}

/// One reading with its name (without `_total`) and a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub help: String,
    pub reading: Reading,
}

impl Sample {
    #[must_use]
    pub fn new(name: &str, help: &str, reading: Reading) -> Sample {
        Sample {
            name: name.to_owned(),
            help: help.to_owned(),
            reading,
        }
    }
}

/// Asked for its samples at every scrape.
pub type Source = Box<dyn Fn() -> Vec<Sample> + Send + Sync>;

/// Which requests a duration belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    pub dialect: &'static str,
    pub class: &'static str,
    /// `2xx` and so on; `1xx` is a websocket's upgrade.
    pub status: &'static str,
}

/// Everything `/metrics` shows.
pub struct Metrics {
    registry: Registry,
    requests: Family<RouteLabels, Histogram>,
}

impl Metrics {
    /// `sources` are read at each scrape, after the process itself.
    #[must_use]
    pub fn new(sources: Vec<Source>) -> Metrics {
        let mut registry = Registry::default();
        let requests = Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to its answer's head",
            requests.clone(),
        );
        registry.register_collector(Box::new(Samples(Box::new(process_samples))));
        for source in sources {
            registry.register_collector(Box::new(Samples(source)));
        }
        Metrics { registry, requests }
    }

    /// Counts one answered request.
    pub fn observe_request(&self, labels: &RouteLabels, took: Duration) {
        self.requests.get_or_create(labels).observe(took.as_secs_f64());
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn duration_histogram() -> Histogram {
    Histogram::new(DURATION_BUCKETS)
}

/// A source as the registry wants it.
struct Samples(Source);

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Samples")
    }
}

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for sample in (self.0)() {
            let kind = match sample.reading {
                Reading::Counter(_) => MetricType::Counter,
                Reading::Gauge(_) => MetricType::Gauge,
                Reading::Histogram { .. } => MetricType::Histogram,
            };
            let mut metric = encoder.encode_descriptor(&sample.name, &sample.help, None, kind)?;
            match &sample.reading {
                Reading::Counter(value) => metric.encode_counter::<NoLabelSet, f64, f64>(value, None)?,
                Reading::Gauge(value) => metric.encode_gauge(value)?,
                Reading::Histogram { sum, count, buckets } => {
                    metric.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)?;
                }
            }
        }
        Ok(())
    }
}

/// What Linux says of this process; readings it does not give are left out.
fn process_samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    if let Some(seconds) = cpu_seconds("self") {
        let help = "User and system time this process has used";
        samples.push(Sample::new(
            "process_cpu_seconds",
            help,
            Reading::Counter(seconds),
        ));
    }
    if let Some(bytes) = resident_bytes("self") {
        let help = "Memory of this process that is resident";
        samples.push(Sample::new(
            "process_resident_memory_bytes",
            help,
            Reading::Gauge(bytes),
        ));
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        // The listing holds one of its own.
        let open = entries.count().saturating_sub(1) as f64;
        let help = "Files and sockets this process holds open";
        samples.push(Sample::new("process_open_fds", help, Reading::Gauge(open)));
    }
    samples
}

/// User and system time of a process (its id, or `self`), in seconds.
#[must_use]
pub fn cpu_seconds(process: &str) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Fields are counted after the command's name, which may hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// Resident memory of a process (its id, or `self`), in bytes.
#[must_use]
pub fn resident_bytes(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * KIB)
}

/// The route.
pub fn configure(config: &mut web::ServiceConfig) {
    config.route("/metrics", web::get().to(scrape));
}

async fn scrape(
    request: HttpRequest,
    metrics: web::Data<Metrics>,
    peering: web::Data<Peering>,
    token: web::Data<AdminToken>,
) -> HttpResponse {
    if !peering.is_loopback(&request) && !token.is_shown_by(&request) {
        return refusal(
            StatusCode::UNAUTHORIZED,
            "from another machine /metrics needs Authorization: Bearer with the admin token",
        );
    }
    match metrics.text() {
        Ok(text) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Shared by every worker.
#[must_use]
pub fn shared(sources: Vec<Source>) -> Arc<Metrics> {
    Arc::new(Metrics::new(sources))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_process_the_requests_and_every_source() {
        let source: Source = Box::new(|| {
            vec![
                Sample::new("roost_posts", "Posts stored", Reading::Counter(3.0)),
                Sample::new(
                    "roost_batch",
                    "Posts in a batch",
                    Reading::Histogram {
                        sum: 5.0,
                        count: 2,
                        buckets: vec![(1.0, 1), (8.0, 1)],
                    },
                ),
            ]
        });
        let metrics = Metrics::new(vec![source]);
        let labels = RouteLabels {
            dialect: "freeim",
            class: "chat",
            status: "2xx",
        };
        metrics.observe_request(&labels, Duration::from_millis(3));
        let text = metrics.text().unwrap();
        for line in [
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
            "roost_posts_total 3.0",
            "roost_batch_bucket{le=\"8.0\"} 2",
            "http_request_duration_seconds_count{dialect=\"freeim\",class=\"chat\",status=\"2xx\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.004\",dialect=\"freeim\",class=\"chat\",status=\"2xx\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
