//! A hub and two followers, all of them gateways with people on Matrix behind them; the hub vanishes, the line between
//! the others is cut, and everything comes back. What each one's people see decides. The followers have a Matrix room for what
//! they say to one another; the hub has not.

mod authorities;
pub mod story;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::certificates::Authority;
use crate::environment::{Programs, homeservers};
use crate::gateway::{Gateway, Settings};
use crate::matrix::synapse::Synapse;
use crate::ports;
use crate::reference::Peer;
use crate::tap::Tap;

/// The hub's domain.
pub const HUB: &str = "hub.test";
/// One follower's.
pub const LEFT: &str = "left.test";
/// The other's.
pub const RIGHT: &str = "right.test";

/// Everything that the story needs; dropping it ends it.
pub struct Setting {
    /// The gateway that is hub.
    pub hub: Gateway,
    /// A follower.
    pub left: Gateway,
    /// Another.
    pub right: Gateway,
    /// A homeserver.
    pub hs1: Synapse,
    /// Another.
    pub hs2: Synapse,
    /// The line from left to right, and back.
    pub lines: [Tap; 2],
    /// The lines of everybody to right and to left as homeservers.
    pub matrix_lines: [Tap; 2],
    /// Where configurations and logs are.
    pub folder: PathBuf,
}

impl Setting {
    /// Starts everything in `folder`, side by side.
    ///
    /// # Errors
    /// If something does not start, with the end of its log.
    pub async fn start(folder: &Path, programs: &Programs) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let authority = Authority::generate();
        let [hub_port, left_port, right_port, left_matrix, right_matrix] = ports::free()?;
        let matrix_line = async |port| Tap::lay(&authority, "localhost", ("localhost", port)).await;
        let (to_right_matrix, to_left_matrix) = (matrix_line(right_matrix).await?, matrix_line(left_matrix).await?);
        let tapped = |line: &Tap, port| Settings { tapped: Some((line.port(), port)), peers_room: true, ..Settings::default() };
        let (of_left_room, of_right_room) = (tapped(&to_left_matrix, left_matrix), tapped(&to_right_matrix, right_matrix));
        let to_right = Tap::lay(&authority, LEFT, (RIGHT, right_port)).await?;
        let to_left = Tap::lay(&authority, RIGHT, (LEFT, left_port)).await?;
        let peer = |domain: &str, port| Peer { domain: domain.to_owned(), port };
        let (hub, left, right) = (peer(HUB, hub_port), peer(LEFT, left_port), peer(RIGHT, right_port));
        let (by_line_left, by_line_right) = (peer(LEFT, to_left.port()), peer(RIGHT, to_right.port()));
        let of_hub = [left.clone(), right.clone()];
        let of_left = [hub.clone(), by_line_right];
        let of_right = [hub.clone(), by_line_left];
        let folders = [HUB, LEFT, RIGHT].map(|domain| folder.join(domain));
        let gateways = async {
            tokio::try_join!(
                Gateway::start(
                    programs,
                    &folders[0],
                    &authority,
                    (&hub, &of_hub),
                    Settings { peers_room: true, ..Settings::default() }
                ),
                Gateway::start(programs, &folders[1], &authority, (&left, &of_left), of_left_room),
                Gateway::start(programs, &folders[2], &authority, (&right, &of_right), of_right_room),
            )
        };
        let ((hub, left, right), (hs1, hs2)) = tokio::try_join!(gateways, homeservers(&folder, &authority))
            .with_context(|| format!("logs are in {}", folder.display()))?;
        let matrix_lines = [to_right_matrix, to_left_matrix];
        Ok(Self { hub, left, right, hs1, hs2, lines: [to_right, to_left], matrix_lines, folder })
    }

    /// Nothing passes between the followers.
    pub fn cut(&self) {
        self.lines.iter().for_each(|line| line.faults().go_down());
        for (line, from) in self.matrix_lines.iter().zip([&self.left, &self.right]) {
            line.faults().shut_out(&from.server_name);
        }
    }

    /// Everything passes again.
    pub fn mend(&self) {
        self.lines.iter().chain(&self.matrix_lines).for_each(|line| line.faults().come_back());
    }
}

impl Drop for Setting {
    /// All are asked to end at once; then each is waited for.
    fn drop(&mut self) {
        for gateway in [&self.hub, &self.left, &self.right] {
            gateway.terminate();
        }
        self.hs1.terminate();
        self.hs2.terminate();
    }
}

/// How a Matrix user behind one gateway appears behind another one.
pub fn ghost_of(matrix_user: &str, behind: &Gateway, at: &Gateway) -> String {
    let name: String = matrix_user
        .trim_start_matches('@')
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
            other => format!("={other:02x}"),
        })
        .collect();
    at.ghost(&behind.domain, &name)
}

/// Asks `causewayctl` about a gateway, and reads its JSON.
///
/// # Errors
/// If it fails, with what it says.
pub async fn ask(gateway: &Gateway, arguments: &[&str]) -> Result<Value> {
    let output = gateway.causewayctl(&[arguments, &["--output", "json"]].concat()).await?;
    if !output.status.success() {
        bail!("causewayctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The epochs of the bridged room that a gateway has, as `causewayctl group epochs` shows them.
///
/// # Errors
/// If the gateway has no such room.
pub async fn epochs(gateway: &Gateway) -> Result<Vec<Value>> {
    let number = bridge(gateway).await?.0;
    match ask(gateway, &["group", "epochs", &number]).await? {
        Value::Array(epochs) => Ok(epochs),
        other => bail!("not a list of epochs: {other}"),
    }
}

/// The name of the head of the bridged room's group, as a gateway has it.
///
/// # Errors
/// If the gateway has no such room.
pub async fn head(gateway: &Gateway) -> Result<String> {
    let epochs = epochs(gateway).await?;
    let head = epochs.iter().find(|epoch| epoch["status"] == "head");
    head.and_then(|epoch| epoch["epoch_id"].as_str()).map(str::to_owned).with_context(|| format!("no head in {epochs:?}"))
}

/// What `causewayctl group show` says of the way from one gateway to another one, if it says anything.
///
/// # Errors
/// If the gateway has no such room.
pub async fn way(from: &Gateway, to: &str) -> Result<Value> {
    let number = bridge(from).await?.0;
    let shown = ask(from, &["group", "show", &number]).await?;
    let peers = shown["peers"].as_array().cloned().unwrap_or_default();
    Ok(peers.into_iter().find(|peer| peer["peer"] == to).unwrap_or_default())
}

/// The bridged room of a gateway: its conversation's number, as a word, and its MIMI room.
///
/// # Errors
/// If the gateway has none.
pub async fn bridge(gateway: &Gateway) -> Result<(String, String)> {
    let rooms = ask(gateway, &["room", "list"]).await?;
    let bridges = rooms.as_array().into_iter().flatten().filter(|row| row["kind"] == "bridge");
    let mut named = bridges.filter_map(|row| Some((row["id"].as_i64()?.to_string(), row["mimi_room"].as_str()?.to_owned())));
    named.next_back().with_context(|| format!("no MIMI room in {rooms}"))
}
