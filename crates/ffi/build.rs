//! Names the shared library for the dynamic linker: Rust sets no SONAME by itself.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libcluster_leader.so.1");
        // What the linker's own startup files lack (natives/begin.c).
        println!("cargo::rerun-if-env-changed=CLUSTER_LEADER_BEGIN");
        if let Ok(begin) = std::env::var("CLUSTER_LEADER_BEGIN") {
            println!("cargo::rustc-cdylib-link-arg={begin}");
        }
    }
}
