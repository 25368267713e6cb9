//! What the numbers were taken on.

use std::fs;
use std::thread;

/// Returns processor, cores, memory and system in one line.
pub(crate) fn description() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or("?".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kibibytes: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let system = read("/proc/sys/kernel/osrelease");
    format!(
        "{cores} cores of {processor}, {:.0} GiB, Linux {}",
        kibibytes / 1_048_576.0,
        system.trim()
    )
}
