//! What takes bytes from somebody else, each as a function over arbitrary bytes. It panics when a rule is broken.
//!
//! The tests, `cargo hostile` and the fuzz targets in `fuzz/` all call these same functions.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    future::Future,
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use terraform_provider_hss::{
    client::{Hss, Limits, Place, Secret, Settings, WtpHostFilter},
    clock::{Clock, Pending},
    framework::{number::Number, timeouts, types::Type, value::Value},
    hss::{HssProvider, checks, filters, functions},
    plugin::MutualTls,
    rest::{Base, Effect, Fault, Method, Request, escape, is_segment},
    sim::World,
    tfplugin6::{
        json::{self, Strangers},
        msgpack,
        service::Service,
        wire::{self, provider_server::ProviderServer},
    },
};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// A name, and the function that is to survive everything. It tells whether the bytes meant something.
pub(crate) type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub(crate) const TARGETS: [Target; 8] = [
    ("msgpack", packed_values),
    ("json", json_values),
    ("texts", texts),
    ("state", raw_state),
    ("rpc", every_call),
    ("http", http_answers),
    ("bodies", error_bodies),
    ("world", world_files),
];

/// Runs the target of this name.
pub(crate) fn run(name: &str, bytes: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(target, _)| *target == name) {
        target(bytes);
    }
}

/// Types that hold every kind of value.
fn types() -> &'static [Type] {
    static TYPES: OnceLock<Vec<Type>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let all = serde_json::json!([
            "string", "number", "bool", "dynamic", ["list", "number"], ["set", "string"], ["map", ["list", "dynamic"]],
            ["tuple", ["string", "number", "dynamic"]],
            ["object", {
                "s": "string", "n": "number", "b": "bool", "d": "dynamic", "l": ["list", "number"], "t": ["set", "string"],
                "m": ["map", ["list", "dynamic"]], "o": ["object", {"x": "string"}], "u": ["tuple", ["string", "number"]],
            }],
        ]);
        all.as_array().into_iter().flatten().filter_map(|ty| Type::from_json(ty).ok()).collect()
    })
}

fn split(bytes: &[u8]) -> (usize, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (usize::from(*first), rest))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// MessagePack as core sends it. What was understood can be said again, and means the same.
fn packed_values(bytes: &[u8]) -> bool {
    let (which, rest) = split(bytes);
    let ty = &types()[which % types().len()];
    let Ok(value) = msgpack::decode(rest, ty) else { return false };
    if let Ok(again) = msgpack::encode(&value, ty) {
        assert_eq!(msgpack::decode(&again, ty).as_ref(), Ok(&value), "said again, it means something else");
    }
    true
}

/// Values and types in JSON, and numbers in text.
fn json_values(bytes: &[u8]) -> bool {
    let (which, rest) = split(bytes);
    let ty = &types()[which % types().len()];
    if let Ok(number) = text(rest).parse::<Number>() {
        assert_eq!(number.to_string().parse().as_ref(), Ok(&number), "a number changes when it is written");
    }
    let Ok(value) = serde_json::from_slice(rest) else { return false };
    let _ = Type::from_json(&value);
    let _ = json::decode(&value, ty, Strangers::Refuse);
    json::decode(&value, ty, Strangers::Ignore).is_ok()
}

/// Ids, addresses, durations and paths. An id never changes which path is asked for.
fn texts(bytes: &[u8]) -> bool {
    let text = text(bytes);
    let checked = [
        checks::host_id(&text),
        checks::ipv4(&text),
        checks::directory(&text),
        checks::address(&text),
        checks::enterprise_project(&text),
        checks::region(&text),
        timeouts::is_duration(&text),
        filters::public_ip(&text),
        filters::group_name(&text),
    ];
    for complaint in checked.iter().filter_map(|check| check.as_ref().err()) {
        assert!(!complaint.is_empty());
    }
    // What a function takes apart, another one puts together again.
    let calls = functions::all();
    let call = |name: &str, arguments: &[Value]| {
        let function = calls.iter().find(|function| function.name == name).unwrap();
        (function.call)(arguments)
    };
    let typed = Value::String(text.clone());
    if let Ok(parts) = call("parse_backup_addr", std::slice::from_ref(&typed)) {
        let again = call("backup_addr", &[parts.member("ip").clone(), parts.member("port").clone()]);
        assert_eq!(again, Ok(typed.clone()), "{text:?}");
    }
    if let Ok(parts) = call("parse_import_id", &[typed]) {
        let Value::String(host_id) = parts.member("host_id") else { panic!("{parts:?}") };
        assert!(text.ends_with(host_id.as_str()) && checks::host_id(host_id).is_ok());
    }
    if checks::host_id(&text).is_ok() {
        assert!(is_segment(&text), "{text:?} is an id and no segment of a path");
    }
    if let Ok(base) = Base::parse(&text) {
        assert!(
            base.scheme() == "https" || base.is_loopback(),
            "{text:?} would show credentials to the network"
        );
    }
    if is_segment(&text) {
        static BASE: OnceLock<Base> = OnceLock::new();
        let base = BASE.get_or_init(|| Base::parse("https://h.example.com").unwrap());
        let request = Request::new("Op", Effect::Read, Method::GET, base, ["v5", "p", text.as_str(), "end"]);
        let path = request.wire_path();
        assert_eq!(path.split('/').collect::<Vec<_>>(), ["", "v5", "p", &escape(&text), "end"], "{text:?}");
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#'), "{path:?}");
    }
    let _ = MutualTls::pinned_to(OsStr::new(&text));
    checked.iter().any(Result::is_ok)
}

/// Time that passes at once, so that nobody waits.
#[derive(Debug)]
struct Haste {
    begun: Instant,
    passed: AtomicU64,
}

impl Haste {
    fn new() -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), passed: AtomicU64::new(0) })
    }
}

impl Clock for Haste {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn instant(&self) -> Instant {
        self.begun + Duration::from_millis(self.passed.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Pending<'static, ()> {
        // A limit never comes before what it limits: only short waits are over at once.
        if duration > Duration::from_secs(100) {
            return Box::pin(std::future::pending());
        }
        self.passed.fetch_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    runtime.block_on(work)
}

type Server = ProviderServer<Service<HssProvider>>;

fn server() -> Server {
    let clock = Haste::new();
    ProviderServer::new(Service::new(HssProvider::new(BTreeMap::new(), clock.clone()), clock))
}

/// Calls that a configured provider answers without asking anybody, so that nothing leaves the machine.
fn configured() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = server();
        let config = [
            ("region", "cn-north-4"),
            ("access_key", "AK"),
            ("secret_key", "SK"),
            ("project_id", "p0"),
            ("auth_url", "http://127.0.0.1:9/v3"),
        ];
        let mut packed = vec![0x80 | u8::try_from(config.len() + 1).unwrap()];
        let mut put = |text: &str| {
            packed.push(0xa0 | u8::try_from(text.len()).unwrap());
            packed.extend(text.bytes());
        };
        for (name, value) in config {
            put(name);
            put(value);
        }
        put("endpoints");
        packed.push(0x81);
        packed.extend(b"\xa3hss\xb2http://127.0.0.1:9");
        let request = wire::configure_provider::Request {
            config: Some(wire::DynamicValue { msgpack: packed.into(), json: Default::default() }),
            ..Default::default()
        };
        ask(&server, "ConfigureProvider", &prost::Message::encode_to_vec(&request));
        server
    })
}

/// Every call of the protocol.
const CALLS: [&str; 37] = [
    "GetMetadata",
    "GetProviderSchema",
    "ValidateProviderConfig",
    "ValidateResourceConfig",
    "ValidateDataResourceConfig",
    "UpgradeResourceState",
    "GetResourceIdentitySchemas",
    "UpgradeResourceIdentity",
    "ConfigureProvider",
    "ReadResource",
    "PlanResourceChange",
    "ApplyResourceChange",
    "ImportResourceState",
    "MoveResourceState",
    "ReadDataSource",
    "GenerateResourceConfig",
    "ValidateEphemeralResourceConfig",
    "OpenEphemeralResource",
    "RenewEphemeralResource",
    "CloseEphemeralResource",
    "ListResource",
    "ValidateListResourceConfig",
    "GetFunctions",
    "CallFunction",
    "ValidateStateStoreConfig",
    "ConfigureStateStore",
    "ReadStateBytes",
    "WriteStateBytes",
    "LockState",
    "UnlockState",
    "GetStates",
    "DeleteState",
    "PlanAction",
    "InvokeAction",
    "ValidateActionConfig",
    "StopProvider",
    "NoSuchCall",
];

/// One call with these bytes as its message. There is an answer, soon, and it tells of no panic.
fn ask(server: &Server, call: &str, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    send(server, call, [&[0][..], &length, message].concat())
}

fn send(server: &Server, call: &str, frame: Vec<u8>) -> Vec<u8> {
    let request = tonic::codegen::http::Request::post(format!("http://h/tfplugin6.Provider/{call}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(axum::body::Body::from(frame)))
        .unwrap();
    let answer = block_on(async {
        let answering = async {
            let Ok(response) = server.clone().oneshot(request).await;
            assert_eq!(response.status(), 200, "gRPC answers in its own words");
            axum::body::to_bytes(axum::body::Body::new(response.into_body()), 64 << 20).await
        };
        tokio::time::timeout(Duration::from_secs(20), answering).await
    });
    let answer = answer.unwrap_or_else(|_| panic!("{call} was not answered")).unwrap_or_default().to_vec();
    let panicked = answer.windows(8).any(|window| window == b"panicked");
    assert!(!panicked, "{call}: {}", text(&answer));
    answer
}

/// Any call with any bytes, framed well or badly.
fn every_call(bytes: &[u8]) -> bool {
    let (which, rest) = split(bytes);
    let call = CALLS[which % CALLS.len()];
    // One that was configured anew might go anywhere, so such a provider answers nothing else. And what reads or writes is
    // asked of one that nobody listens to.
    static OTHER: OnceLock<Server> = OnceLock::new();
    let server = if call == "ConfigureProvider" { OTHER.get_or_init(server) } else { configured() };
    if which >= 230 {
        return !send(server, call, rest.to_vec()).is_empty();
    }
    !ask(server, call, rest).is_empty()
}

/// State as it was stored by somebody, for both resources.
fn raw_state(bytes: &[u8]) -> bool {
    let (which, rest) = split(bytes);
    let type_name = ["hss_wtp_backup_host", "hss_wtp_remote_backup", "hss_none"][which % 3].to_owned();
    let raw_state = Some(wire::RawState { json: rest.to_vec(), ..wire::RawState::default() });
    let version = i64::try_from(which / 200).unwrap();
    let request = wire::upgrade_resource_state::Request { type_name, version, raw_state };
    let answer = ask(configured(), "UpgradeResourceState", &prost::Message::encode_to_vec(&request));
    let answer: wire::upgrade_resource_state::Response = prost::Message::decode(&answer[5..]).unwrap();
    assert_eq!(
        answer.upgraded_state.is_none(),
        !answer.diagnostics.is_empty(),
        "neither state nor reason, or both"
    );
    answer.upgraded_state.is_some()
}

/// Error bodies of whoever answers in the service's place. What is kept of them is short and in one line.
fn error_bodies(bytes: &[u8]) -> bool {
    let fault = Fault::parse(bytes);
    for kept in [&fault.code, &fault.message, &fault.request_id].into_iter().flatten() {
        assert!(!kept.is_empty());
    }
    if let Some(message) = &fault.message {
        assert!(message.chars().count() <= 301 && !message.chars().any(char::is_control), "{message:?}");
    }
    fault.code.is_some()
}

/// World files of the simulator. A world that was read is written so that it can be read again.
fn world_files(bytes: &[u8]) -> bool {
    let Ok(world) = World::parse(&text(bytes)) else { return false };
    let written = world.to_json().to_string();
    let again = World::parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again.to_json().to_string(), written);
    true
}

/// A server that says whatever it was told to, and hangs up.
fn answering(bytes: &[u8]) -> String {
    static SAY: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static ADDRESS: OnceLock<String> = OnceLock::new();
    *SAY.lock().unwrap() = bytes.to_vec();
    let address = ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                let say = SAY.lock().unwrap().clone();
                let _ = stream.write_all(&say);
            }
        });
        address
    });
    address.clone()
}

/// Whole HTTP answers: status line, headers and body. The client comes back, with a value or an error.
fn http_answers(bytes: &[u8]) -> bool {
    // The server knows one answer at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    static HSS: OnceLock<Hss> = OnceLock::new();
    let (which, rest) = split(bytes);
    let url = answering(rest);
    let hss = HSS.get_or_init(|| {
        let mut settings = Settings {
            region: Some("cn-north-4".to_owned()),
            project_id: Some("p0".to_owned()),
            access_key: Some(Secret::from("AK".to_owned())),
            secret_key: Some(Secret::from("SK".to_owned())),
            max_retries: 0,
            ..Settings::default()
        };
        settings.endpoints.insert("hss".to_owned(), url);
        Hss::new(settings, Haste::new())
    });
    let session = hss.session(Place::default(), Limits::default());
    let asking = async {
        match which % 4 {
            0 => session.list_backup_hosts().await.map(drop),
            1 => session.list_wtp_hosts(&WtpHostFilter::host("h")).await.map(drop),
            3 => session.show_wtp_statistics().await.map(drop),
            _ => session.show_remote_backup("h").await.map(drop),
        }
    };
    let result = block_on(async { tokio::time::timeout(Duration::from_secs(20), asking).await });
    let result = result.expect("the client comes back");
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty());
        let _ = error.remedy();
    }
    result.is_ok()
}
