//! The program. It does nothing yet: the library comes first.

fn main() {}
