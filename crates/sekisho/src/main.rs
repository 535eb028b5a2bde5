//! The checkpoint in front of a web service.

fn main() {}
