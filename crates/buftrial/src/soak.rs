use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(_options: &Options) -> ExitCode {
    ExitCode::FAILURE
}
