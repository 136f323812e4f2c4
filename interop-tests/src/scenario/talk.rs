//! What people say to each other in every conversation, both ways.

use anyhow::Result;
use serde_json::json;

use super::chat::{InMatrix, InMimi};
use super::report::Direction::{self, ToMatrix, ToMimi};
use super::stage::Stage;
use super::utterance::{Said, Utterance};

const HTML: &str =
    "<p><strong>bold</strong> and <a href=\"https://causeway.example/\">a link</a></p><ul><li>one</li><li>two</li></ul>";
const MARKDOWN: &str = "**bold** and [a link](https://causeway.example/)\n\n- one\n- two";
const PIECES_OF_MARKDOWN: &[&str] = &["**bold**", "[a link](", "https://causeway.example/", "- one", "- two"];
const PIECES_OF_HTML: &[&str] = &["<strong>bold</strong>", "<a href=\"https://causeway.example/\"", "<li>one</li>", "<li>two</li>"];

/// Somebody on Matrix and somebody on MIMI, who talk.
pub struct Pair<'a> {
    /// Where.
    pub stage: &'a Stage<'a>,
    /// The one on Matrix.
    pub matrix: InMatrix<'a>,
    /// The one on MIMI.
    pub mimi: InMimi<'a>,
}

impl Pair<'_> {
    /// All that one can say.
    ///
    /// # Errors
    /// If not even plain text crosses: then there is nothing to answer, edit or delete.
    pub async fn talk(&self) -> Result<()> {
        let from_matrix = self.plain_text_to_mimi().await?;
        let from_mimi = self.plain_text_to_matrix().await?;
        self.formatted_text().await;
        self.replies(&from_matrix, &from_mimi).await;
        self.reactions(&from_matrix, &from_mimi).await;
        self.edits(&from_matrix, &from_mimi).await;
        self.deletions(&from_matrix, &from_mimi).await;
        self.media().await;
        Ok(())
    }

    /// One plain message each way.
    ///
    /// # Errors
    /// If one does not arrive.
    pub async fn greet(&self) -> Result<()> {
        self.plain_text_to_mimi().await?;
        self.plain_text_to_matrix().await.map(|_| ())
    }

    async fn plain_text_to_mimi(&self) -> Result<Utterance> {
        let text = format!("Hello {}, * this _is_ plain", self.mimi.device.owner.name);
        let hello = self.stage.must("plain text", ToMimi, async || self.mimi.sees(&self.matrix.says(&text).await?).await).await?;
        self.stage.check("the hub's Frank", ToMimi, async || self.mimi.verified_the_frank_of(&hello).await).await;
        Ok(hello)
    }

    async fn plain_text_to_matrix(&self) -> Result<Utterance> {
        let text = format!("Hello {}, <b>this</b> is plain", self.matrix.person.name);
        self.stage.must("plain text", ToMatrix, async || self.matrix.sees(&self.mimi.says(&text).await?).await).await
    }

    async fn formatted_text(&self) {
        let plain = "bold and a link\n- one\n- two";
        self.to_mimi("formatted text", async || self.matrix.says_html((plain, HTML), PIECES_OF_MARKDOWN).await).await;
        self.to_matrix("formatted text", async || self.mimi.says_markdown(MARKDOWN, PIECES_OF_HTML).await).await;
    }

    async fn replies(&self, from_matrix: &Utterance, from_mimi: &Utterance) {
        self.to_mimi("reply", async || self.matrix.replies(from_mimi, "I answer you").await).await;
        self.to_matrix("reply", async || self.mimi.replies(from_matrix, "And I answer you").await).await;
    }

    async fn reactions(&self, from_matrix: &Utterance, from_mimi: &Utterance) {
        self.to_mimi("reaction", async || self.matrix.reacts(from_mimi, "👍").await).await;
        self.to_matrix("reaction", async || self.mimi.reacts(from_matrix, "🎉").await).await;
    }

    async fn edits(&self, from_matrix: &Utterance, from_mimi: &Utterance) {
        self.to_mimi("edit", async || self.matrix.edits(from_matrix, "Hello again").await).await;
        self.to_matrix("edit", async || self.mimi.edits(from_mimi, "Hello once more").await).await;
    }

    async fn deletions(&self, from_matrix: &Utterance, from_mimi: &Utterance) {
        self.to_mimi("delete", async || self.matrix.deletes(from_matrix).await).await;
        self.to_matrix("delete", async || self.mimi.deletes(from_mimi).await).await;
    }

    async fn media(&self) {
        let content = json!({ "msgtype": "m.image", "body": "sunset.jpg", "url": "mxc://localhost/none" });
        let said = Said::Mentioned("sunset.jpg".to_owned());
        self.to_mimi("an image arrives as one line", async || self.matrix.sends(content, said).await).await;
    }

    async fn to_mimi(&self, check: &str, say: impl AsyncFnOnce() -> Result<Utterance>) {
        self.crosses(check, ToMimi, async || self.mimi.sees(&say().await?).await).await;
    }

    async fn to_matrix(&self, check: &str, say: impl AsyncFnOnce() -> Result<Utterance>) {
        self.crosses(check, ToMatrix, async || self.matrix.sees(&say().await?).await).await;
    }

    async fn crosses(&self, check: &str, direction: Direction, run: impl AsyncFnOnce() -> Result<Utterance>) {
        self.stage.check(check, direction, run).await;
    }
}
