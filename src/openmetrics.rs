//! Series as text, in the OpenMetrics format: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::io::{self, Write};

use crate::metrics::{Labels, Sample, Series};

/// Writes `series`, which come ascending by labels, and the end mark.
///
/// Each metric is a gauge. `promtool tsdb create-blocks-from openmetrics` takes it, and so does whoever reads
/// Prometheus's own text format, but for the end mark. Label sets without a metric's name cannot be written and are left
/// out; [`device_series`](crate::metrics::device_series) gives none.
///
/// # Errors
/// Those of `out`.
pub fn write(series: &[Series], out: &mut dyn Write) -> io::Result<()> {
    let mut by_metric: Vec<(&str, &Series)> = series
        .iter()
        .filter_map(|series| Some((series.labels.get("__name__")?, series)))
        .collect();
    // Stable, so that within a metric the order stays.
    by_metric.sort_by_key(|(metric, _)| *metric);
    let mut of = None;
    for (metric, Series { labels, samples }) in by_metric {
        if of != Some(metric) {
            writeln!(out, "# TYPE {metric} gauge")?;
            of = Some(metric);
        }
        let labels = written(labels);
        for Sample {
            timestamp_ms,
            value,
        } in samples
        {
            let (seconds, millis) = (timestamp_ms.div_euclid(1000), timestamp_ms.rem_euclid(1000));
            writeln!(out, "{metric}{labels} {value} {seconds}.{millis:03}")?;
        }
    }
    writeln!(out, "# EOF")
}

/// Returns labels in braces, without the metric's name; nothing if there are no others.
fn written(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .filter(|(name, _)| *name != "__name__")
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", pairs.join(","))
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(labels: &[(&'static str, &str)], samples: &[(i64, f64)]) -> Series {
        Series {
            labels: Labels::new(labels.iter().map(|&(name, value)| (name, value.to_owned()))),
            samples: samples
                .iter()
                .map(|&(timestamp_ms, value)| Sample {
                    timestamp_ms,
                    value,
                })
                .collect(),
        }
    }

    #[test]
    fn metrics_stand_together_and_values_are_escaped() {
        let given = [
            series(&[("__name__", "b")], &[(30_000, 1.0)]),
            series(&[("__name__", "a"), ("app", "x\n\"\\")], &[(-30_000, 0.1)]),
            series(
                &[("__name__", "b"), ("app", "y"), ("host", "h")],
                &[(30_000, 59.123_456_789), (90_001, 60.0)],
            ),
            series(&[("app", "nameless")], &[(30_000, 1.0)]),
        ];
        let mut out = Vec::new();
        write(&given, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        # TYPE a gauge
        a{app="x\n\"\\"} 0.1 -30.000
        # TYPE b gauge
        b 1 30.000
        b{app="y",host="h"} 59.123456789 30.000
        b{app="y",host="h"} 60 90.001
        # EOF
        "#);
    }
}
