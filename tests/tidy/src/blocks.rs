//! The fenced blocks of a document, for whoever checks them: those of sources are compared with compiled files here, the
//! commands are run by the tests of `crates/cli`.

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands behind the opening fence: `java`, `console`.
    pub(crate) language: String,
    /// The line after the opening fence.
    pub(crate) line: usize,
    pub(crate) text: String,
    /// `FILE` of a comment `<!-- run by FILE -->` right before it.
    pub(crate) run_by: Option<String>,
}

/// All blocks of a Markdown document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut run_by = None;
    for (number, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block { language, line: number + 2, text: String::new(), run_by: run_by.take() });
            }
            (None, Some(mut block)) => {
                block.text += line;
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {
                let comment = line.strip_prefix("<!-- run by ").and_then(|rest| rest.strip_suffix(" -->"));
                run_by = comment.map(str::to_owned);
            }
        }
    }
    blocks
}
