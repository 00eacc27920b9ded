//! What a run ran on.

use std::{fs, thread};

use serde::{Deserialize, Serialize};

/// What matters of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's own name.
    pub cpu: String,
    /// Threads it runs at once.
    pub cores: usize,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            cpu: model(&info).unwrap_or(std::env::consts::ARCH).to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// The first processor's name in Linux's `/proc/cpuinfo`, which not every architecture tells.
fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_what_follows_the_colon() {
        let info =
            "processor\t: 0\nmodel name\t: AMD EPYC 9B14\ncache size\t: 1024 KB\nmodel name\t: other\n";
        assert_eq!(model(info), Some("AMD EPYC 9B14"));
        assert_eq!(model("processor\t: 0\n"), None);
    }
}
