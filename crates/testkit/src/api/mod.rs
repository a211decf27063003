//! A fake Lease API server with fault injection.
