//! The native methods of the Java class `io.clusterleader.Native`.
//!
//! Threads of this library never attach to the JVM, and it keeps no reference to a class or an
//! object of the application: a Java thread waits in `await`, and the JVM exits when it likes.

#[allow(clippy::needless_pass_by_value, reason = "native methods own the references they are passed")]
mod natives;
mod throwing;
