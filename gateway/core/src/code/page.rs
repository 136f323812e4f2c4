//! A code's page.

use super::Entry;

impl Entry {
    /// The page in Markdown, as it stands in `docs/errors` and as `causewayctl explain` prints it.
    pub fn page(&self) -> String {
        let Self { code, summary, section, what, why, remedy, .. } = self;
        let name = self.name.to_ascii_lowercase();
        let fault = self.fault.as_str();
        let retryable = if self.retryable { "yes: the same may succeed later" } else { "no: the same will fail again" };
        format!(
            "# {code} {name}\n\n{summary}.\n\n\
             - Fault: {fault}\n- Retryable: {retryable}\n- See: {section}\n\n\
             ## What happens\n\n{what}\n\n## Why\n\n{why}\n\n## What to do\n\n{remedy}\n"
        )
    }
}
