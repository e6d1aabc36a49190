//! `buflab bench`: all figures of the project, measured and written down by one command.

mod churn;
mod compact;
mod growth;
mod resolve;
mod section;
mod stats;

#[cfg(test)]
mod trial;
