//! Ties the knots: reads arguments and environment, builds the provider and hands it to the plugin transport.

use std::{collections::BTreeMap, ffi::OsString, io::Write, process::ExitCode, sync::Arc};

use terraform_provider_hss::{
    clock::{StopSource, SystemClock},
    hss::{
        HssProvider, address,
        export::{self, Around, Failure},
    },
    log,
    plugin::{self, Launch, MESSAGE_LIMIT, Plugin},
    tfplugin6::{service::Service, wire::provider_server::ProviderServer},
};
use tonic::service::Routes;

/// What makes this process a plugin of Terraform, and of OpenTofu, which uses the same values.
const PLUGIN: Plugin = Plugin {
    cookie_name: "TF_PLUGIN_MAGIC_COOKIE",
    cookie_value: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    protocol: 6,
    reattach_variable: "TF_REATTACH_PROVIDERS",
    address: address::FULL,
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    manual_start_text: "This is a provider for Terraform and OpenTofu, which start it by themselves: there is nothing to run here by hand.\n\
        Name it in a configuration under required_providers and run `terraform plan` there.\n\
        `terraform-provider-hss --help` says what else it can do.",
};

const HELP: &str = "\
Terraform and OpenTofu provider for the remote backup of Huawei Cloud HSS Web Tamper Protection.

Terraform and OpenTofu start this program by themselves. Started by hand it takes one of these:

  export       write a configuration with import blocks for what is there already; `export --help` says how
  --debug      serve under a debugger, and print the variable that points Terraform here
  --version    print the version
  --help       print this text
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let readable: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let Some(arguments) = readable else {
        let _ = std::io::stderr().write_all(b"terraform-provider-hss: an argument is not UTF-8\n");
        return ExitCode::from(2);
    };
    match arguments.as_slice() {
        [] => serve(plugin::serve),
        ["export", rest @ ..] => export(rest),
        ["--debug" | "-debug"] => serve(plugin::serve_debug),
        ["--version" | "-version" | "-V"] => {
            print(concat!("terraform-provider-hss ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        ["--help" | "-help" | "-h"] => print(HELP),
        [first, ..] => {
            let text = format!("terraform-provider-hss: unknown argument {first}\n\n{HELP}");
            let _ = std::io::stderr().write_all(text.as_bytes());
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read, to be handed in")]
fn serve(how: fn(&Plugin, &Launch, fn() -> Routes) -> ExitCode) -> ExitCode {
    let launch = Launch::from_variables(&PLUGIN, std::env::vars_os());
    log::init(&address::TYPE.to_ascii_uppercase(), |name| std::env::var_os(name));
    how(&PLUGIN, &launch, app)
}

fn app() -> Routes {
    let clock = Arc::new(SystemClock);
    let service = Service::new(HssProvider::new(environment(), clock.clone()), clock);
    let server = ProviderServer::new(service)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    Routes::new(server)
}

/// A variable that is not UTF-8 cannot hold anything that is meant for us.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Runs until it is done or Ctrl-C is pressed. Progress goes to stderr, the outcome to stdout.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read, to be handed in")]
fn export(arguments: &[&str]) -> ExitCode {
    log::init(&address::TYPE.to_ascii_uppercase(), |name| std::env::var_os(name));
    let say = |line: &str| {
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("terraform-provider-hss: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let stop = StopSource::default();
    let around =
        Around { environment: environment(), clock: Arc::new(SystemClock), stop: stop.handle(), say: &say };
    let ended = runtime.block_on(async {
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.stop();
            }
        });
        export::run(arguments, around).await
    });
    runtime.shutdown_background();
    match ended {
        Ok(text) => print(&text),
        Err(Failure::Failed) => ExitCode::FAILURE,
        Err(Failure::Misused) => ExitCode::from(2),
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
