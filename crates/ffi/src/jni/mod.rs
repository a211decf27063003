//! The native methods of the Java class `io.clusterleader.Native`.
//!
//! Threads of this library never attach to the JVM, and it keeps no reference to a class or an
//! object of the application: a Java thread waits in `await`, and the JVM exits when it likes.

/// Exports a native method. A `raw` one has no frame and no way to throw.
macro_rules! native {
    (raw: $($declaration:tt)*) => {
        const _: jni::NativeMethod = jni::native_method! { java_type = "io.clusterleader.Native", $($declaration)* };
    };
    ($($declaration:tt)*) => { native! { raw: error_policy = Throw, $($declaration)* } };
}

#[allow(clippy::needless_pass_by_value, reason = "native methods own the references they are passed")]
mod ledger;
#[allow(clippy::needless_pass_by_value, reason = "native methods own the references they are passed")]
mod natives;
mod throwing;
