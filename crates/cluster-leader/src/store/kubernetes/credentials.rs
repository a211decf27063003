//! How we show who we are.

use std::fs;
use std::path::{Path, PathBuf};

use http::HeaderValue;

/// Where our credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// The pod's service account.
    ServiceAccount {
        /// Read anew for every request, so that a rotated token counts at once.
        token: PathBuf,
        /// The CAs that the API server's certificate is checked against.
        ca: PathBuf,
    },
    /// As the kubeconfig says.
    Kubeconfig,
}

/// The header that shows the token in this file.
///
/// # Errors
/// What is wrong with the file, and what would help.
pub(super) fn read_token(file: &Path) -> Result<HeaderValue, String> {
    let unusable = |problem: &str| {
        format!(
            "the service account's token, {}, {problem}. Kubernetes puts it there unless the pod or its \
             ServiceAccount says automountServiceAccountToken: false: remove that, or mount a projected token \
             at that path",
            file.display()
        )
    };
    let token = fs::read_to_string(file).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    let token = token.trim();
    if token.is_empty() {
        return Err(unusable("is empty"));
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| unusable("contains characters that no token has"))?;
    header.set_sensitive(true);
    Ok(header)
}
