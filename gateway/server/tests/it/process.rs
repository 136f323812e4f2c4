//! A gateway that runs, on ports of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Folder, command};

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    pub(crate) folder: Folder,
    pub(crate) matrix: SocketAddr,
    pub(crate) mimi: SocketAddr,
    admin: SocketAddr,
    child: Child,
}

/// An answer: its status, and its body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let [matrix, mimi, admin] = [free(), free(), free()];
        let mut child = command()
            .args(["serve", "--config"])
            .arg(folder.configuration())
            .env("CAUSEWAY_MATRIX__LISTEN", matrix.to_string())
            .env("CAUSEWAY_MIMI__LISTEN", mimi.to_string())
            .env("CAUSEWAY_ADMIN__LISTEN", admin.to_string())
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let running = Self { folder, matrix, mimi, admin, child };
        assert_eq!(line, "causeway is ready\n", "{}", running.log());
        running
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path("log")).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and tells the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.path("data/admin.token")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// A request to the admin listener.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>) -> Answer {
        self.exchange((method, path), token, "")
    }

    /// A command to the admin listener, with the token.
    pub(crate) fn command(&self, path: &str, question: &str) -> Answer {
        let token = fs::read_to_string(self.token_file()).unwrap();
        self.exchange(("POST", path), Some(&token), question)
    }

    fn exchange(&self, (method, path): (&str, &str), token: Option<&str>, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        let authorization = token.map(|token| format!("Authorization: Bearer {}\r\n", token.trim())).unwrap_or_default();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}");
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        answer(&text)
    }

    /// The value of a metric, by its whole name with labels.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics").body;
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

pub(crate) fn answer(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), body: body.to_owned() }
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come to pass");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
