//! The console's binary; everything is in the library beside it.
// No second window with a terminal on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    graphy_console::run()
}
