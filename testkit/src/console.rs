//! A server's own command line client, as another program that uses the server.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// One connection of a server's own client, which stays open: transactions and locks last until they are ended.
#[derive(Debug)]
pub struct Console {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    asked: u32,
}

impl Console {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            input,
            lines,
            asked: 0,
        }
    }

    /// Sends statements without waiting for what they answer: they may have to wait for a lock.
    pub fn send(&mut self, sql: &str) {
        self.asked += 1;
        writeln!(self.input, "{sql};\nSELECT 'answer {}';", self.asked).unwrap();
        self.input.flush().unwrap();
    }

    /// The lines that the statements sent last have answered.
    ///
    /// # Panics
    ///
    /// When they take longer than a minute.
    pub fn answer(&mut self) -> Vec<String> {
        let mark = format!("answer {}", self.asked);
        let mut answer = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_mins(1)).unwrap();
            if line == mark {
                return answer;
            }
            answer.push(line);
        }
    }

    /// Sends statements and waits until they are done.
    pub fn run(&mut self, sql: &str) -> Vec<String> {
        self.send(sql);
        self.answer()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
