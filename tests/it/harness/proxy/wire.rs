//! One request through the proxy.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::{Request, State, Verdict};

/// Serves one request; the client is told that the connection ends with it.
pub(super) fn serve(
    mut client: &TcpStream,
    upstream: &str,
    state: &Mutex<State>,
) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let Some(request_line) = head.first().cloned() else {
        return Ok(());
    };
    let length = head.iter().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;

    let mut words = request_line.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let verdict = {
        let mut state = state.lock().expect("no rule panics");
        let head = head.concat();
        let request = Request {
            head: &head,
            method,
            path,
            body: &body,
            count: state.heads.len(),
        };
        if !state.sees_all && request.is_of_the_agent() {
            Verdict::Forward
        } else {
            state.bodies.push(body.clone());
            let verdict = (state.rule)(&request);
            state.heads.push(head);
            verdict
        }
    };
    let forward = || forward(&head, &body, upstream);
    match verdict {
        Verdict::Close => Ok(()),
        Verdict::ResetBefore => reset(client),
        Verdict::Silence => loop {
            thread::park();
        },
        Verdict::Answer(status, headers, text) => answer(client, status, headers, text),
        Verdict::Forward if method == "CONNECT" => tunnel(client, upstream),
        Verdict::Forward => client.write_all(&forward()?),
        Verdict::LoseAnswer => forward().map(drop),
        Verdict::ResetAfter => forward().and_then(|_| reset(client)),
        Verdict::Replace(status, headers, text) => {
            forward()?;
            answer(client, status, headers, text)
        }
        Verdict::Halve => {
            let answer = forward()?;
            client.write_all(&answer[..answer.len() / 2])
        }
        Verdict::Drip(bytes, pause) => drip(client, &forward()?, bytes, pause),
    }
}

/// Sends an answer. Headers that tell a length of their own are believed.
fn answer(mut client: &TcpStream, status: u16, headers: &str, text: &str) -> io::Result<()> {
    let length = if headers.contains("Content-Length: ") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", text.len())
    };
    write!(
        client,
        "HTTP/1.1 {status} .\r\n{headers}{length}Connection: close\r\n\r\n{text}"
    )
}

/// Sends the last `bytes` one by one.
fn drip(mut client: &TcpStream, answer: &[u8], bytes: usize, pause: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (at_once, slowly) = answer.split_at(answer.len().saturating_sub(bytes));
    client.write_all(at_once)?;
    for byte in slowly {
        thread::sleep(pause);
        client.write_all(std::slice::from_ref(byte))?;
    }
    Ok(())
}

/// Has the system send a reset in place of the end once the connection is closed.
fn reset(client: &TcpStream) -> io::Result<()> {
    TcpSocket::from_std_stream(client.try_clone()?).set_zero_linger()
}

/// Carries bytes both ways until one end closes.
fn tunnel(mut client: &TcpStream, upstream: &str) -> io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut from_server, &mut to_client));
        drop(to_client.shutdown(Shutdown::Write));
    });
    io::copy(&mut client, &mut &server)?;
    server.shutdown(Shutdown::Write)
}

fn forward(head: &[String], body: &[u8], upstream: &str) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream)?;
    for line in head {
        let name = line.to_ascii_lowercase();
        if name.starts_with("host:") {
            write!(server, "Host: {upstream}\r\n")?;
        } else if !name.starts_with("connection:") {
            server.write_all(line.as_bytes())?;
        }
    }
    server.write_all(b"Connection: close\r\n\r\n")?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}
