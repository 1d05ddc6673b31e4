//! `graphy`: the headless server and every operator command.
//!
//! Reads the command line and the configuration, runs one command, and turns how it ended into an
//! exit code. Results go to standard output, everything else to standard error.

mod arguments;
mod commands;
mod configuration;
mod exit;
mod files;
mod local;
mod moment;
mod number;
mod output;
mod remote;
mod tables;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use output::Output;

/// Many small texts are made and dropped on the way of a command; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // clap prints help and usage errors by itself, with the codes 0 and 2.
    let arguments = Arguments::parse();
    let output = Output::new(arguments.global.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(commands::run(arguments, &output))),
        Err(error) => Err(anyhow::Error::from(error).into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}
