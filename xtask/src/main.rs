//! The repository's own commands: `cargo xtask <word>`.
//!
//! One module per word. A word does one thing, says what it does in plain lines, and ends with a
//! non-zero status when anything in it failed. Nothing here is part of the product.
//!
//! **Invariant:** no word waits for input, except `run`, which hands the terminal to the product.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks through its standard streams"
)]

mod api;
mod bench;
mod bundle;
mod check;
mod console;
mod end_to_end;
mod format;
mod generate;
mod report;
mod run;
mod setup;
mod shell;
mod stamp;
mod tests_word;
mod tidy;
mod ui;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Repository commands of Graphy.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Install what is missing and open the console, or serve it when there is no display.
    Run(run::Arguments),
    /// Run every test, or only the Rust tests whose names contain one of the filters.
    Test(tests_word::Arguments),
    /// Check format, lints, types, house rules, generated files and licences.
    Check,
    /// Format all Rust and UI sources.
    Fmt,
    /// Check the house rules that no other tool knows.
    Tidy,
    /// Write the files that are generated from the Rust sources.
    Gen(generate::Arguments),
    /// Run a benchmark in release mode.
    Bench(bench::Arguments),
    /// Run only the browser flows, the desktop flows and the attack on the API.
    E2e(end_to_end::Arguments),
    /// Build the Debian package of console and command line.
    Bundle,
    /// Install system packages, npm packages and tools that are missing.
    Setup,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match obey(&arguments.word) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(word: &Word) -> anyhow::Result<()> {
    let workspace = Workspace::locate()?;
    match word {
        Word::Run(arguments) => run::run(&workspace, arguments),
        Word::Test(arguments) => tests_word::test(&workspace, arguments),
        Word::Check => check::check(&workspace),
        Word::Fmt => format::write(&workspace),
        Word::Tidy => tidy::tidy(&workspace),
        Word::Gen(arguments) => generate::generate(&workspace, arguments),
        Word::Bench(arguments) => bench::bench(&workspace, arguments),
        Word::E2e(arguments) => end_to_end::end_to_end(&workspace, arguments),
        Word::Bundle => bundle::bundle(&workspace),
        Word::Setup => setup::everything(&workspace),
    }
}
