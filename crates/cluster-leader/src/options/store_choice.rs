//! Where the record is to be kept.

use std::path::{Path, PathBuf};

use super::quoted;

/// Where an election's record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// In Kubernetes a Lease, on a plain host files; in any other container an error.
    Auto,
    /// A Lease; outside a cluster in the one that the kubeconfig names.
    Kubernetes,
    /// Files in this directory, an absolute path; `None`: in `$XDG_STATE_HOME/cluster-leader`,
    /// else in `~/.local/state/cluster-leader`.
    File(Option<PathBuf>),
}

const RULE: &str = "write auto, kubernetes, file, or file:DIR with an absolute directory, for example \
                    file:/var/lib/cluster-leader";

impl StoreChoice {
    /// Reads `auto`, `kubernetes`, `file` or `file:DIR`.
    ///
    /// # Errors
    /// The problem, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "kubernetes" => Ok(Self::Kubernetes),
            "file" => Ok(Self::File(None)),
            _ => match text.strip_prefix("file:") {
                Some(directory) => Ok(Self::File(Some(PathBuf::from(directory)))),
                None => Err(format!("{} is not a store: {RULE}", quoted(text))),
            },
        }
    }

    /// # Errors
    /// The problem, for people.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::File(Some(directory)) => check_directory(directory),
            Self::Auto | Self::Kubernetes | Self::File(None) => Ok(()),
        }
    }
}

/// A relative directory would be another one for every process that starts elsewhere, and each
/// would elect itself.
fn check_directory(directory: &Path) -> Result<(), String> {
    if directory.is_absolute() {
        return Ok(());
    }
    let shown = quoted(&directory.to_string_lossy());
    Err(if directory.as_os_str().is_empty() {
        format!("no directory follows \"file:\": {RULE}")
    } else if directory.starts_with("~") || directory.to_string_lossy().starts_with('$') {
        format!(
            "the directory {shown} is not absolute, and neither ~ nor variables are expanded here: {RULE}"
        )
    } else {
        format!(
            "the directory {shown} is not absolute, so it would depend on where a process was started: {RULE}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores() {
        for (text, expected) in [
            ("auto", Ok(StoreChoice::Auto)),
            ("kubernetes", Ok(StoreChoice::Kubernetes)),
            ("file", Ok(StoreChoice::File(None))),
            ("file:/srv/x", Ok(StoreChoice::File(Some("/srv/x".into())))),
            ("file:/srv/with space:colon", Ok(StoreChoice::File(Some("/srv/with space:colon".into())))),
            ("files", Err("\"files\" is not a store")),
            ("Kubernetes", Err("\"Kubernetes\" is not a store")),
            (" file", Err("\" file\" is not a store")),
            ("/srv/x", Err("\"/srv/x\" is not a store")),
            ("file:", Err("no directory follows")),
            ("file:x", Err("\"x\" is not absolute, so")),
            ("file:./x", Err("\"./x\" is not absolute, so")),
            ("file:~/x", Err("\"~/x\" is not absolute, and neither ~ nor variables")),
            ("file:$HOME/x", Err("\"$HOME/x\" is not absolute, and neither ~ nor variables")),
        ] {
            let store = StoreChoice::parse(text).and_then(|store| store.check().map(|()| store));
            match (store, expected) {
                (Ok(store), Ok(expected)) => assert_eq!(store, expected, "{text:?}"),
                (Err(problem), Err(part)) => {
                    assert!(problem.contains(part) && problem.contains(RULE), "{text:?}: {problem}");
                }
                (store, expected) => panic!("{text:?}: {store:?}, not {expected:?}"),
            }
        }
    }
}
