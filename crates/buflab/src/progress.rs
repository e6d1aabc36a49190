//! A progress bar on a terminal, and nothing anywhere else.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows what is being done. It draws only between runs, so that none is disturbed.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("[{elapsed}] {bar:30} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Announces more steps.
    pub(crate) fn expect(&self, steps: usize) {
        self.bar.inc_length(steps as u64);
    }

    /// Says what comes now.
    pub(crate) fn show(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
        self.bar.tick();
    }

    /// So many of the announced steps are done, or need not be done any more.
    pub(crate) fn done(&self, steps: usize) {
        self.bar.inc(steps as u64);
    }

    /// Takes the bar away, for output on the same terminal.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
