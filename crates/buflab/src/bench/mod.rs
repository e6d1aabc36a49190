//! `buflab bench`: all figures of the project, measured and written down by one command.

mod churn;
mod compact;
mod resolve;
mod scale;
mod section;
mod stats;

#[cfg(test)]
mod trial;
