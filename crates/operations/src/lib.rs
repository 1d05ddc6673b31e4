//! Host-neutral operator operations, one function each, and the live console frames.
