//! A run of several steps that goes on after a failure and tells everything at the end.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::shell::Shell;

/// The steps of one word and how they went.
pub(crate) struct Report {
    word: &'static str,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    seconds: f64,
    failure: Option<String>,
    closing: Vec<String>,
}

impl Report {
    /// An empty report of the word.
    pub(crate) fn new(word: &'static str) -> Self {
        Self {
            word,
            steps: Vec::new(),
        }
    }

    /// Runs a step that reports by its result.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        let started = announce(name);
        let failure = work().err().map(|error| format!("{error:#}"));
        self.finish(name, started, failure, Vec::new());
    }

    /// Runs a test runner and keeps the lines with which it sums itself up.
    pub(crate) fn runner(&mut self, name: &str, runner: Runner, shell: Shell) {
        let started = announce(name);
        let (failure, closing) = match shell.tee() {
            Ok(teed) => (teed.failure, runner.closing_lines(&teed.lines)),
            Err(error) => (Some(format!("{error:#}")), Vec::new()),
        };
        self.finish(name, started, failure, closing);
    }

    fn finish(
        &mut self,
        name: &str,
        started: Instant,
        failure: Option<String>,
        closing: Vec<String>,
    ) {
        let seconds = started.elapsed().as_secs_f64();
        match &failure {
            None => println!("    {name}: ok, {seconds:.0} s"),
            Some(failure) => println!("    {name}: FAILED, {seconds:.0} s: {failure}"),
        }
        self.steps.push(Step {
            name: name.to_owned(),
            seconds,
            failure,
            closing,
        });
    }

    /// Prints the summary, keeps it in `folder`, and fails if any step failed.
    pub(crate) fn close(self, folder: &Path) -> Result<()> {
        let summary = self.summary();
        println!("\n{summary}");
        fs::create_dir_all(folder).context("could not make the folder of the summaries")?;
        fs::write(folder.join(format!("{}-summary.txt", self.word)), summary)
            .context("could not write the summary")?;
        let failed: Vec<&str> = self
            .steps
            .iter()
            .filter(|step| step.failure.is_some())
            .map(|step| step.name.as_str())
            .collect();
        if !failed.is_empty() {
            bail!("{} failed: {}", self.word, failed.join(", "));
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let mut text = format!("==== cargo xtask {}\n", self.word);
        for step in &self.steps {
            let verdict = if step.failure.is_none() {
                "ok"
            } else {
                "FAILED"
            };
            text.push_str(&format!(
                "{:<34} {verdict:<6} {:>5.0} s\n",
                step.name, step.seconds
            ));
            for line in &step.closing {
                text.push_str(&format!("    {line}\n"));
            }
            if let Some(failure) = &step.failure {
                text.push_str(&format!("    {failure}\n"));
            }
        }
        text
    }
}

fn announce(name: &str) -> Instant {
    println!("==> {name}");
    Instant::now()
}

/// Which tool runs the tests, and so how it sums itself up.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    /// `cargo nextest`: a `Summary [...]` line and the names of failed tests after it.
    Nextest,
    /// `cargo test`: one `test result:` line per binary.
    CargoTest,
    /// Vitest: `Test Files` and `Tests` lines.
    Vitest,
    /// The test runner of Node itself: `tests`, `pass`, `fail` lines.
    Node,
    /// Schemathesis: the count of its cases and the banner at its end.
    Schemathesis,
}

impl Runner {
    fn closing_lines(self, lines: &[String]) -> Vec<String> {
        let trimmed = lines.iter().map(|line| line.trim());
        match self {
            Self::Nextest => trimmed
                .skip_while(|line| !line.starts_with("Summary ["))
                .map(String::from)
                .collect(),
            Self::CargoTest => trimmed
                .filter(|line| line.starts_with("test result:"))
                .map(String::from)
                .collect(),
            Self::Vitest => trimmed
                .filter(|line| line.starts_with("Test Files ") || line.starts_with("Tests "))
                .map(String::from)
                .collect(),
            Self::Node => trimmed
                .filter(|line| {
                    let text = line.trim_start_matches(['#', 'ℹ', ' ']);
                    let counted = ["tests ", "pass ", "fail ", "skipped "];
                    text.len() < line.len() && counted.iter().any(|word| text.starts_with(word))
                })
                .map(String::from)
                .collect(),
            Self::Schemathesis => trimmed
                .filter(|line| {
                    let banner = line.starts_with("===") && line.contains(" in ");
                    banner || line.contains(" generated, ")
                })
                .map(|line| line.trim_matches(['=', ' ']).to_owned())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(String::from).collect()
    }

    #[test]
    fn nextest_is_summed_up_from_its_summary_line_on() {
        let output = lines("PASS a\n   Summary [ 1.2s] 2 tests run: 1 passed, 1 failed\n FAIL b c");
        let closing = Runner::Nextest.closing_lines(&output);
        assert_eq!(
            closing,
            [
                "Summary [ 1.2s] 2 tests run: 1 passed, 1 failed",
                "FAIL b c"
            ]
        );
    }

    #[test]
    fn vitest_and_node_are_summed_up_by_their_counts() {
        let output = lines(" Test Files  3 passed (3)\n      Tests  9 passed (9)\n  Start at 1");
        assert_eq!(Runner::Vitest.closing_lines(&output).len(), 2);
        let output = lines("ℹ tests 4\nℹ pass 4\nℹ fail 0\nℹ duration_ms 5\ntests are good");
        assert_eq!(
            Runner::Node.closing_lines(&output),
            ["ℹ tests 4", "ℹ pass 4", "ℹ fail 0"]
        );
    }

    #[test]
    fn schemathesis_is_summed_up_by_its_cases_and_its_banner() {
        let output = lines(
            "=== SUMMARY ===\n  Tested: 3\nTest cases:\n  9 generated, 9 passed\n\n\
             === No issues found in 1.20s ===",
        );
        assert_eq!(
            Runner::Schemathesis.closing_lines(&output),
            ["9 generated, 9 passed", "No issues found in 1.20s"]
        );
        let output = lines("9 generated, 2 found 1 unique failure\n=== 1 failure in 1.20s ===");
        assert_eq!(Runner::Schemathesis.closing_lines(&output).len(), 2);
    }

    #[test]
    fn one_failed_step_fails_the_word_but_the_others_still_run() {
        let mut report = Report::new("test");
        let mut second_ran = false;
        report.step("first", || bail!("broken"));
        report.step("second", || {
            second_ran = true;
            Ok(())
        });
        let folder = tempfile::tempdir().unwrap();
        let error = report.close(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "test failed: first");
        assert!(second_ran);
        let summary = fs::read_to_string(folder.path().join("test-summary.txt")).unwrap();
        assert!(summary.contains("broken"), "{summary}");
    }
}
