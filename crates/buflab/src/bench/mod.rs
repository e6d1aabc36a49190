//! `buflab bench`: all figures of the project, measured and written down by one command.

mod section;
