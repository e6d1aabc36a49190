//! `--heap NAME[@SLACK]`.

use std::fmt;
use std::str::FromStr;

use crate::heaps::{self, Entry};

/// How many times its need a trace gets as arena.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slack(pub(crate) f64);

impl Slack {
    pub(crate) fn arena(self, need: u64) -> u64 {
        (need as f64 * self.0).ceil() as u64
    }
}

impl FromStr for Slack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(factor) if factor > 0.0 && factor <= 1e6 => Ok(Self(factor)),
            _ => Err(format!(
                "found slack `{text}`, expected a factor like 1.25, above 0 and up to 1000000"
            )),
        }
    }
}

/// A heap as asked for on the command line.
#[derive(Clone, Copy)]
pub(crate) struct HeapChoice {
    pub(crate) entry: &'static Entry,
    pub(crate) slack: Option<Slack>,
}

impl HeapChoice {
    /// A heap by a name from the list.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let entry = heaps::find(name).ok_or_else(|| {
            let names: Vec<_> = heaps::ALL.iter().map(|entry| entry.name).collect();
            format!("unknown heap `{name}`; there are: {}", names.join(", "))
        })?;
        Ok(Self { entry, slack: None })
    }

    /// For `fit`, where slack is what is asked for.
    pub(crate) fn for_fit(text: &str) -> Result<Self, String> {
        let choice: Self = text.parse()?;
        if choice.slack.is_some() {
            Err("found a slack, but `fit` finds the arena itself".to_owned())
        } else if !choice.entry.fixed_arena {
            Err("this heap has no fixed arena that could be fitted".to_owned())
        } else {
            Ok(choice)
        }
    }
}

impl FromStr for HeapChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, slack)) = text.split_once('@') else {
            return Self::named(text);
        };
        let choice = Self::named(name)?;
        if !choice.entry.fixed_arena {
            return Err(format!(
                "`{name}` has no fixed arena that could have a slack"
            ));
        }
        Ok(Self {
            slack: Some(slack.parse()?),
            ..choice
        })
    }
}

impl fmt::Debug for HeapChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}", self.entry.name, self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(&'static str, Option<f64>), String> {
        let choice: HeapChoice = text.parse()?;
        Ok((choice.entry.name, choice.slack.map(|slack| slack.0)))
    }

    #[test]
    fn a_name_may_carry_a_slack() {
        assert_eq!(parse("talc"), Ok(("talc", None)));
        assert_eq!(parse("talc@3"), Ok(("talc", Some(3.0))));
        assert_eq!(parse("rlsf@1.05"), Ok(("rlsf", Some(1.05))));
        assert_eq!(parse("system"), Ok(("system", None)));
    }

    #[test]
    fn what_is_not_a_slack_is_refused() {
        for text in [
            "talc@", "talc@x", "talc@0", "talc@-1", "talc@inf", "talc@nan", "talc@1@2",
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains("expected a factor"), "{text}: {message}");
        }
        assert!(parse("system@3").unwrap_err().contains("no fixed arena"));
    }

    #[test]
    fn an_unknown_name_brings_the_list() {
        let message = parse("malloc@3").unwrap_err();
        for entry in heaps::ALL {
            assert!(message.contains(entry.name), "{message}");
        }
    }

    #[test]
    fn fit_takes_neither_slack_nor_global_allocators() {
        assert!(HeapChoice::for_fit("talc").is_ok());
        assert!(HeapChoice::for_fit("talc@3").is_err());
        assert!(HeapChoice::for_fit("mimalloc").is_err());
        assert!(HeapChoice::for_fit("nothing").is_err());
    }

    #[test]
    fn an_arena_is_rounded_up() {
        assert_eq!(Slack(1.25).arena(1001), 1252);
        assert_eq!(Slack(1.0).arena(1001), 1001);
    }
}
