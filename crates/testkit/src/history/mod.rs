//! Who answered yes when, and whether that is right.
