//! Tells the lab what it is built with, for the page of benchmarks.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    tell("RUSTC", version.ok());
    tell("TARGET", env::var("TARGET").ok());
    tell("PROFILE", env::var("PROFILE").ok());
}

fn tell(name: &str, value: Option<String>) {
    let value = value.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BUFLAB_{name}={value}");
}
