//! Compiles the protocol descriptions without `protoc`, and keeps their descriptors for the wire-facts test.

use std::{env, fs, path::PathBuf};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write by a variable")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["proto/tfplugin6.proto", "proto/plugin.proto", "proto/health.proto"];
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".tfplugin6.DynamicValue")
        .compile_fds(descriptors)?;
    Ok(())
}
