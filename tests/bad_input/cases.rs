//! The mistakes.

use std::fmt::Write;

/// Marks the line that is to blame. It is a comment of the configuration.
pub(crate) const MARK: &str = "# here";

/// When the mistake can be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    Validate,
    Plan,
    Apply,
}

impl Moment {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Validate => "Known when the configuration is validated",
            Self::Plan => "Known when it is planned",
            Self::Apply => "Known when it is applied",
        }
    }
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) moment: Moment,
    body: String,
    /// For mistakes that Terraform finds before the provider is asked: words of its own.
    pub(crate) terraform_says: Option<&'static str>,
    number: usize,
}

impl Case {
    pub(crate) fn file(&self) -> String {
        format!("case_{:03}.tf", self.number)
    }

    /// What its resources are called.
    pub(crate) fn label(&self) -> String {
        format!("c{:03}", self.number)
    }

    /// The configuration. `NAME` is a name that no other case has, `URL` is where the simulator is.
    pub(crate) fn text(&self, url: &str) -> String {
        self.body.replace("NAME", &self.label()).replace("URL", url)
    }
}

/// A block with good values, one of them replaced; without a value the argument is left out, and the block is to blame.
fn block(kind: &str, rows: &[(&str, &str)], argument: &str, value: Option<&str>) -> String {
    let mark = |marked: bool| if marked { format!(" {MARK}") } else { String::new() };
    let (word, kind) = kind.split_once(' ').unwrap_or(("resource", kind));
    let mut text = format!("{word} \"{kind}\" \"NAME\" {{{}\n", mark(value.is_none()));
    for (name, good) in rows.iter().filter(|(name, _)| *name != argument) {
        let _ = writeln!(text, "  {name} = {good}");
    }
    if let Some(value) = value {
        let _ = writeln!(text, "  {argument} = {value}{}", mark(true));
    }
    text + "}\n"
}

fn vault(argument: &str, value: Option<&str>) -> String {
    let rows = [
        ("host_id", "\"vault-1\""),
        ("backup_host_ip", "\"172.16.8.20\""),
        ("backup_host_port", "18080"),
        ("backup_dir", "\"/data/wtp-copies\""),
    ];
    block("hss_wtp_backup_host", &rows, argument, value)
}

fn web(argument: &str, value: Option<&str>) -> String {
    let rows = [("host_id", "\"web-1\""), ("backup_host_id", "\"vault-9\"")];
    block("hss_wtp_remote_backup", &rows, argument, value)
}

/// A provider block with good values, one argument replaced or added, and a resource that needs it.
fn provider(argument: &str, value: &str) -> String {
    let rows = [
        ("region", "\"cn-north-4\""),
        ("access_key", "\"HSSACCEPTANCEKEY0001\""),
        ("secret_key", "\"acceptance-secret-0000000000000000000001\""),
        ("auth_url", "\"URL/v3\""),
        ("endpoints", "{ hss = \"URL\" }"),
    ];
    let mut text = "provider \"hss\" {\n  alias = \"NAME\"\n".to_owned();
    for (name, good) in rows.iter().filter(|(name, _)| *name != argument) {
        let _ = writeln!(text, "  {name} = {good}");
    }
    let _ = write!(text, "  {argument} = {value} {MARK}\n}}\n");
    text + "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  provider = hss.NAME\n  host_id = \"web-1\"\n  backup_host_id = \"vault-9\"\n}\n"
}

const LONG: &str = "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"";

/// Argument and value of a backup server.
const VAULTS: &[(&str, &str, &str)] = &[
    ("an empty id", "host_id", "\"\""),
    ("an id of 65 characters", "host_id", LONG),
    ("an id with a slash", "host_id", "\"project/vault-1\""),
    ("an id with a blank", "host_id", "\"vault 1\""),
    ("an id with a blank at its end", "host_id", "\"vault-1 \""),
    ("an id with a Windows line break", "host_id", "\"vault-1\\r\\n\""),
    ("an id with a line break", "host_id", "\"vault-1\\n\""),
    ("an id with a tab", "host_id", "\"vault\\t1\""),
    ("an id with a NUL", "host_id", "\"vault\\u00001\""),
    ("an id with a no-break space", "host_id", "\"vault\\u00a01\""),
    ("two dots for an id", "host_id", "\"..\""),
    ("a dot for an id", "host_id", "\".\""),
    ("an id that is null", "host_id", "null"),
    ("a port that is null", "backup_host_port", "null"),
    ("a result that is set by hand", "backup_host_name", "\"vault\""),
    ("an empty address", "backup_host_ip", "\"\""),
    ("an IPv6 address", "backup_host_ip", "\"fd00::20\""),
    ("an IPv6 address in brackets", "backup_host_ip", "\"[fd00::20]\""),
    ("an IPv4 address in IPv6 form", "backup_host_ip", "\"::ffff:172.16.8.20\""),
    ("an address with its port", "backup_host_ip", "\"172.16.8.20:18080\""),
    ("an address out of range", "backup_host_ip", "\"172.16.8.256\""),
    ("an address with a number missing", "backup_host_ip", "\"172.16.8\""),
    ("an address with leading zeros", "backup_host_ip", "\"172.016.008.020\""),
    ("an address with a mask", "backup_host_ip", "\"172.16.8.20/24\""),
    ("a name for an address", "backup_host_ip", "\"vault.internal\""),
    ("the address of nobody", "backup_host_ip", "\"0.0.0.0\""),
    ("the address of everybody", "backup_host_ip", "\"255.255.255.255\""),
    ("a multicast address", "backup_host_ip", "\"224.0.0.1\""),
    ("an address in other digits", "backup_host_ip", "\"१७२.१६.८.२०\""),
    ("port 0", "backup_host_port", "0"),
    ("port 65536", "backup_host_port", "65536"),
    ("a port below zero", "backup_host_port", "-1"),
    ("half a port", "backup_host_port", "18080.5"),
    ("a port beyond all bounds", "backup_host_port", "1e30"),
    ("an empty directory", "backup_dir", "\"\""),
    ("a relative directory", "backup_dir", "\"data/wtp-copies\""),
    ("a relative directory with a dot", "backup_dir", "\"./wtp-copies\""),
    ("a Windows directory", "backup_dir", "\"C:\\\\wtp-copies\""),
    ("a home directory", "backup_dir", "\"~/wtp-copies\""),
    ("the root directory", "backup_dir", "\"/\""),
    ("the root directory, said at length", "backup_dir", "\"///\""),
    ("a directory that climbs", "backup_dir", "\"/data/../etc\""),
    ("a directory with a line break", "backup_dir", "\"/data\\n/copies\""),
    ("a directory of 300 characters", "backup_dir", "\"/${join(\"\", [for n in range(300) : \"d\"])}\""),
    ("an empty enterprise project", "enterprise_project_id", "\"\""),
    ("all enterprise projects", "enterprise_project_id", "\"all_granted_eps\""),
    ("an enterprise project with a slash", "enterprise_project_id", "\"a/b\""),
    ("an empty region", "region", "\"\""),
    ("a region that is a URL", "region", "\"https://hss.cn-north-4.myhuaweicloud.com\""),
    ("a timeout without a unit", "timeouts", "{ create = \"30\" }"),
    ("a timeout of nothing", "timeouts", "{ create = \"0s\" }"),
    ("a timeout below zero", "timeouts", "{ delete = \"-5m\" }"),
    ("a timeout in days", "timeouts", "{ update = \"1d\" }"),
];

/// The same of a remote backup.
const WEBS: &[(&str, &str, &str)] = &[
    ("an empty id of a protected server", "host_id", "\"\""),
    ("a protected server with a slash", "host_id", "\"eps/web-1\""),
    ("a server as its own backup server", "backup_host_id", "\"web-1\""),
    ("an empty id of the backup server", "backup_host_id", "\"\""),
    ("a backup server with a slash", "backup_host_id", "\"eps/vault-9\""),
    ("no backup server, said outright", "backup_host_id", "null"),
    ("an empty address of the backup server", "backup_addr", "\"\""),
    ("a backup address without a port", "backup_addr", "\"172.16.8.20\""),
    ("a backup address with port 0", "backup_addr", "\"172.16.8.20:0\""),
    ("a backup address with port 65536", "backup_addr", "\"172.16.8.20:65536\""),
    ("a backup address with a name", "backup_addr", "\"vault:18080\""),
    ("a backup address in IPv6", "backup_addr", "\"[fd00::20]:18080\""),
    ("a backup address that is a URL", "backup_addr", "\"http://172.16.8.20:18080\""),
    ("a wait that is a word", "wait_for_agent", "\"long\""),
    ("a wait in another unit", "wait_for_agent", "\"2 weeks\""),
    ("a wait of nothing", "wait_for_agent", "\"0m\""),
];

/// The same of data sources, each with its type.
const LOOKS: &[(&str, &str, &str, &str)] = &[
    ("a state of backup servers that there is not", "hss_wtp_backup_hosts", "status", "\"stopped\""),
    ("a state of backup servers by its number", "hss_wtp_backup_hosts", "status", "\"-1\""),
    ("a backup server to list with a slash", "hss_wtp_backup_hosts", "backup_host_id", "\"eps/vault-9\""),
    ("an empty part of a name", "hss_wtp_hosts", "host_name", "\"\""),
    ("an empty id to list", "hss_wtp_hosts", "host_id", "\"\""),
    ("a public address with a mask", "hss_wtp_hosts", "public_ip", "\"203.0.113.0/24\""),
    ("a public address in short IPv6", "hss_wtp_hosts", "public_ip", "\"2001:db8::7\""),
    ("a part of a private address", "hss_wtp_hosts", "private_ip", "\"172.16.\""),
    ("an empty group", "hss_wtp_hosts", "group_name", "\"\""),
    ("an operating system in small letters", "hss_wtp_hosts", "os_type", "\"linux\""),
    ("an importance that there is not", "hss_wtp_hosts", "asset_value", "\"high\""),
    ("a protection to list that is off", "hss_wtp_hosts", "protect_status", "\"closed\""),
    (
        "a state of protection that HSS cannot filter by",
        "hss_wtp_hosts",
        "wtp_status",
        "\"protection_pause\"",
    ),
    ("a state of the agent that there is not", "hss_wtp_hosts", "agent_status", "\"installed\""),
    ("a state of dynamic protection that there is not", "hss_wtp_hosts", "rasp_status", "\"on\""),
    ("a list that is set by hand", "hss_wtp_hosts", "hosts", "[]"),
    ("an empty enterprise project to read", "hss_wtp_coverage", "enterprise_project_id", "\"\""),
    ("a region to read with a blank", "hss_wtp_statistics", "region", "\"cn north 4\""),
    ("a server to read with a slash", "hss_wtp_remote_backup", "host_id", "\"eps/web-1\""),
    ("a server to read that is null", "hss_wtp_remote_backup", "host_id", "null"),
];

/// Mistakes that Terraform finds by the schema, with its words.
const OTHERS: &[(&str, bool, &str, Option<&str>, &str)] = &[
    ("no id at all", true, "host_id", None, "is required"),
    ("no address", true, "backup_host_ip", None, "is required"),
    ("a port that is a word", true, "backup_host_port", Some("\"http\""), "a number is required"),
    ("a port that is a list", true, "backup_host_port", Some("[18080]"), "number required"),
    ("a flag that is a word", true, "wait_for_running", Some("\"often\""), "a bool is required"),
    ("an id that is an object", false, "host_id", Some("{ id = \"web-1\" }"), "string required"),
    ("an argument that does not exist", false, "backup_port", Some("18080"), "not expected here"),
];

/// Provider blocks. They are looked at when something is planned with them.
const PROVIDERS: &[(&str, &str, &str)] = &[
    ("an empty region in the provider block", "region", "\"\""),
    ("a region that is no name", "region", "\"cn north 4\""),
    ("an access key without its secret key", "secret_key", "null"),
    ("a secret key without its access key", "access_key", "null"),
    ("a project id with a slash", "project_id", "\"a/b\""),
    ("plain http to another machine", "endpoints", "{ hss = \"http://hss.example.com\" }"),
    ("an endpoint with its version", "endpoints", "{ hss = \"https://hss.example.com/v5\" }"),
    ("an endpoint with a password", "endpoints", "{ hss = \"https://me:secret@hss.example.com\" }"),
    ("an identity address over plain http", "auth_url", "\"http://iam.example.com/v3\""),
    ("an identity address that is none", "auth_url", "\"ftp://iam.example.com\""),
];

/// Configurations as they are written, with what only a plan or an apply can know.
const WHOLE: &[(&str, Moment, &str)] = &[
    (
        "a cloud domain with a scheme",
        Moment::Plan,
        "provider \"hss\" {\n  alias = \"NAME\"\n  region = \"cn-north-4\"\n  cloud = \"https://example.com\" # here\n}\n\
         resource \"hss_wtp_remote_backup\" \"NAME\" {\n  provider = hss.NAME\n  host_id = \"web-1\"\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "an import id with too many parts",
        Moment::Plan,
        "import {\n  to = hss_wtp_remote_backup.NAME\n  id = \"a/b/c\"\n}\nresource \"hss_wtp_remote_backup\" \"NAME\" {\n  \
         host_id = \"web-1\"\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "an import id with an empty part",
        Moment::Plan,
        "import {\n  to = hss_wtp_backup_host.NAME\n  id = \"/vault-9\"\n}\nresource \"hss_wtp_backup_host\" \"NAME\" {\n  \
         host_id = \"vault-9\"\n  backup_host_ip = \"172.16.8.20\"\n  backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n}\n",
    ),
    (
        "another region than the provider's, with an endpoint of its own",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"web-1\"\n  backup_host_id = \"vault-9\"\n  \
         region = \"eu-west-101\" # here\n}\n",
    ),
    (
        "an id that turns out to be wrong",
        Moment::Apply,
        "resource \"terraform_data\" \"NAME\" {\n  input = \"a/b\"\n}\nresource \"hss_wtp_remote_backup\" \"NAME\" {\n  \
         host_id = terraform_data.NAME.output # here\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "a port that turns out to be wrong",
        Moment::Apply,
        "resource \"terraform_data\" \"NAME\" {\n  input = 0\n}\nresource \"hss_wtp_backup_host\" \"NAME\" {\n  host_id = \"vault-1\"\n  \
         backup_host_ip = \"172.16.8.20\"\n  backup_host_port = terraform_data.NAME.output # here\n  backup_dir = \"/data/wtp-copies\"\n}\n",
    ),
    (
        "a server that turns out to be its own backup server",
        Moment::Apply,
        "resource \"terraform_data\" \"NAME\" {\n  input = \"web-1\"\n}\nresource \"hss_wtp_remote_backup\" \"NAME\" {\n  \
         host_id = \"web-1\"\n  backup_host_id = terraform_data.NAME.output # here\n}\n",
    ),
    (
        "two resources for one backup server",
        Moment::Apply,
        "resource \"hss_wtp_backup_host\" \"NAME_1\" {\n  host_id = \"vault-7\"\n  backup_host_ip = \"172.16.8.20\"\n  \
         backup_host_port = 18080\n  backup_dir = \"/data/wtp-copies\"\n}\nresource \"hss_wtp_backup_host\" \"NAME_2\" {\n  \
         host_id = \"vault-7\" # here\n  backup_host_ip = \"172.16.8.20\"\n  backup_host_port = 18080\n  \
         backup_dir = \"/data/wtp-copies\"\n  depends_on = [hss_wtp_backup_host.NAME_1]\n}\n",
    ),
    (
        "two resources for one protected server",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME_1\" {\n  host_id = \"web-2\"\n  backup_host_id = \"vault-9\"\n}\n\
         resource \"hss_wtp_remote_backup\" \"NAME_2\" {\n  host_id = \"web-2\" # here\n  backup_host_id = \"vault-9\"\n  \
         depends_on = [hss_wtp_remote_backup.NAME_1]\n}\n",
    ),
    (
        "a server that HSS does not know",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"nobody\" # here\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "a Windows server",
        Moment::Plan,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"windows-1\" # here\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "a server whose agent is offline",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"offline-1\" # here\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "a server without WTP",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"closed-1\" # here\n  backup_host_id = \"vault-9\"\n}\n",
    ),
    (
        "a server to read that HSS does not know",
        Moment::Plan,
        "data \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"nobody\" # here\n}\n",
    ),
    (
        "a server to read in another enterprise project",
        Moment::Plan,
        "data \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"web-1\" # here\n  enterprise_project_id = \"8f3a\"\n}\n",
    ),
    (
        "another region to read, with an endpoint of its own",
        Moment::Plan,
        "data \"hss_wtp_hosts\" \"NAME\" {\n  region = \"eu-west-101\" # here\n}\n",
    ),
    (
        "a server to read that turns out to be wrong",
        Moment::Apply,
        "resource \"terraform_data\" \"NAME\" {\n  input = \"a/b\"\n}\ndata \"hss_wtp_remote_backup\" \"NAME\" {\n  \
         host_id = terraform_data.NAME.output # here\n}\n",
    ),
    (
        "a backup server that is not registered",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"web-1\"\n  backup_host_id = \"vault-5\" # here\n}\n",
    ),
    (
        "a backup server that failed to start",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"web-1\"\n  backup_host_id = \"vault-8\" # here\n}\n",
    ),
    (
        "a server that copies elsewhere already",
        Moment::Apply,
        "resource \"hss_wtp_remote_backup\" \"NAME\" {\n  host_id = \"busy-1\" # here\n  backup_host_id = \"vault-7\"\n}\n",
    ),
    (
        "a backup server that is registered otherwise",
        Moment::Apply,
        "resource \"hss_wtp_backup_host\" \"NAME\" {\n  host_id = \"vault-9\" # here\n  backup_host_ip = \"172.16.8.20\"\n  \
         backup_host_port = 19090\n  backup_dir = \"/data/wtp-copies\"\n}\n",
    ),
];

pub(crate) fn all() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |name, moment, body, terraform_says| {
        let number = cases.len() + 1;
        cases.push(Case { name, moment, body, terraform_says, number });
    };
    for (name, argument, value) in VAULTS {
        add(name, Moment::Validate, vault(argument, Some(value)), None);
    }
    for (name, argument, value) in WEBS {
        add(name, Moment::Validate, web(argument, Some(value)), None);
    }
    for (name, kind, argument, value) in LOOKS {
        add(name, Moment::Validate, block(&format!("data {kind}"), &[], argument, Some(value)), None);
    }
    add("no backup server", Moment::Validate, web("backup_host_id", None), None);
    for (name, is_vault, argument, value, says) in OTHERS {
        let body = if *is_vault { vault(argument, *value) } else { web(argument, *value) };
        add(name, Moment::Validate, body, Some(says));
    }
    for (name, argument, value) in PROVIDERS {
        add(name, Moment::Plan, provider(argument, value), None);
    }
    for (name, moment, body) in WHOLE {
        add(name, *moment, (*body).to_owned(), None);
    }
    cases
}
