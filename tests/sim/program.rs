//! The contract of the `hss-sim` binary: its one line, its arguments, its end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
};

use serde_json::json;
use terraform_provider_hss::sim::World;

use crate::caller::Caller;

/// The binary, killed when the test ends early.
struct Program {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(arguments: &[&str]) -> (Program, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hss-sim"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    (Program { child, stdout }, line.trim_end().to_owned())
}

#[tokio::test]
async fn the_binary_keeps_its_contract() {
    let mut world = tempfile::NamedTempFile::new().unwrap();
    write!(world, "{}", json!({"hosts": [{"host_id": "h1", "protect_status": "opened"}]})).unwrap();
    let (mut program, address) = start(&[
        "--listen",
        "127.0.0.1:0",
        "--world",
        world.path().to_str().unwrap(),
        "--knob",
        "write_body={}",
        "--knob=throttle=5/60",
    ]);
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    let caller = Caller::new(&address);
    let (_, knobs) = caller.control("GET", "knobs", None).await;
    assert_eq!((&knobs["write_body"], &knobs["throttle"]), (&json!("{}"), &json!("5/60")));
    assert_eq!(caller.set("h1", None).await.text, "{}");
    assert_eq!(caller.control("GET", "world", None).await.1["hosts"][0]["host_name"], "h1");

    let id = rustix::process::Pid::from_child(&program.child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let status = program.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    program.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one line on stdout, no more");
}

#[test]
fn the_binary_explains_itself() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_hss-sim")).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, world, _) = run(&["--print-world"]);
    assert_eq!(code, Some(0));
    assert_eq!(World::parse(&world).unwrap().to_json(), World::built_in().to_json());
    let (code, help, _) = run(&["--help"]);
    assert!(code == Some(0) && help.contains("start_after_ms") && help.contains("--print-world"));
    assert!(run(&["--version"]).1.starts_with("hss-sim "));
    for (arguments, part) in [
        (&["--listen", "0.0.0.0:0"][..], "not a loopback address"),
        (&["--listen", "here"], "ADDRESS:PORT"),
        (&["--listen"], "needs ADDRESS:PORT"),
        (&["--knob", "latency=1"], "no knob \"latency\""),
        (&["--knob", "start_after_ms=soon"], "knob start_after_ms: \"soon\""),
        (&["--knob", "start_after_ms"], "NAME=VALUE"),
        (&["--world", "/no/such/file.json"], "/no/such/file.json"),
        (&["--tls-cert", "Cargo.toml"], "belong together"),
        (&["--tls-key", "/no/such.pem"], "--tls-key /no/such.pem"),
        (&["--verbose"], "unknown argument \"--verbose\""),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
    }
}
