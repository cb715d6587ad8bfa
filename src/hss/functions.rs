//! The functions: taking apart and putting together the texts that HSS and imports want. What they take and refuse is
//! exactly what the resources take and refuse.

use super::{checks, resources::place};
use crate::framework::{
    function::{Fault, Function, Parameter},
    types::Type,
    value::Value,
};

/// All of them, in the order of documentation.
pub fn all() -> Vec<Function> {
    vec![backup_addr(), parse_backup_addr(), parse_import_id()]
}

fn backup_addr() -> Function {
    Function {
        name: "backup_addr",
        summary: "Puts the address of a backup server together.",
        description: "Puts the IPv4 address and the port of a backup server together as `IP:port`, the form of `backup_addr` in \
                      `hss_wtp_remote_backup`. What could not be the address or the port of a backup server is an error.",
        parameters: vec![
            Parameter {
                name: "ip",
                ty: Type::String,
                description: "IPv4 address of the backup server, as in `192.168.0.20`.",
            },
            Parameter { name: "port", ty: Type::Number, description: "Its port, from 1 to 65535." },
        ],
        returns: Type::String,
        call: |arguments| {
            let ip = text(arguments, 0)?;
            checks::ipv4(ip).map_err(|why| Fault::at(0, why))?;
            let Some(Value::Number(port)) = arguments.get(1) else { return Err(not_given(1)) };
            // The check leaves to the type of an attribute what is no whole number; here there is no such type.
            if port.as_i64().is_none() {
                let why = format!("{port} is not a port. Use a whole number from 1 to 65535.");
                return Err(Fault::at(1, why));
            }
            checks::port(port).map_err(|why| Fault::at(1, why))?;
            Ok(Value::String(format!("{ip}:{port}")))
        },
    }
}

fn parse_backup_addr() -> Function {
    Function {
        name: "parse_backup_addr",
        summary: "Takes the address of a backup server apart.",
        description: "Takes `IP:port`, the form of `backup_addr`, apart into an object with `ip`, a string, and `port`, a number.",
        parameters: vec![Parameter {
            name: "addr",
            ty: Type::String,
            description: "Address and port of a backup server, as in `192.168.0.20:18080`.",
        }],
        returns: object(&[("ip", Type::String), ("port", Type::Number)]),
        call: |arguments| {
            let addr = text(arguments, 0)?;
            checks::address(addr).map_err(|why| Fault::at(0, why))?;
            let parts = addr.rsplit_once(':').and_then(|(ip, port)| Some((ip, port.parse::<i64>().ok()?)));
            let (ip, port) = parts.ok_or_else(|| not_given(0))?;
            Ok(made(&[("ip", ip.into()), ("port", port.into())]))
        },
    }
}

fn parse_import_id() -> Function {
    Function {
        name: "parse_import_id",
        summary: "Takes an import id apart.",
        description: "Takes the id by which a server's objects are imported, `<host_id>` or `<enterprise_project_id>/<host_id>`, apart into an \
                      object with `host_id` and `enterprise_project_id`, which is null where the id has none. What an import would refuse is \
                      an error.",
        parameters: vec![Parameter {
            name: "id",
            ty: Type::String,
            description: "An import id of `hss_wtp_backup_host` or `hss_wtp_remote_backup`.",
        }],
        returns: object(&[("enterprise_project_id", Type::String), ("host_id", Type::String)]),
        call: |arguments| {
            let (project, host) = place::import_id(text(arguments, 0)?).map_err(|refusal| {
                let why: Vec<String> = refusal.into_iter().map(|diagnostic| diagnostic.detail).collect();
                Fault::at(0, why.join("\n"))
            })?;
            let project = project.known().map_or(Value::Null, |project| project.as_str().into());
            Ok(made(&[("enterprise_project_id", project), ("host_id", host.as_str().into())]))
        },
    }
}

fn text(arguments: &[Value], at: usize) -> Result<&str, Fault> {
    match arguments.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(not_given(at)),
    }
}

/// Core checks types, and calls with nothing that is null or unknown.
fn not_given(at: usize) -> Fault {
    Fault::at(
        at,
        "The value is missing here, which is a bug of the hss provider or of its host. Please report it.",
    )
}

fn object(members: &[(&str, Type)]) -> Type {
    Type::Object(members.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
}

fn made(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &Function, arguments: &[Value]) -> Result<Value, Fault> {
        (function.call)(arguments)
    }

    #[test]
    fn addresses_are_put_together_and_taken_apart_again() {
        let addr = call(&backup_addr(), &["10.0.0.1".into(), 18080.into()]).unwrap();
        assert_eq!(addr, "10.0.0.1:18080".into());
        let parts = call(&parse_backup_addr(), &[addr]).unwrap();
        assert_eq!((parts.member("ip"), parts.member("port")), (&"10.0.0.1".into(), &18080.into()));
    }

    #[test]
    fn what_a_resource_refuses_is_refused_at_its_argument() {
        let port = |text: &str| Value::Number(text.parse().unwrap());
        for (ip, port, blamed) in [
            ("10.0.0", port("1"), 0),
            ("::1", port("1"), 0),
            ("0.0.0.0", port("1"), 0),
            ("10.0.0.1", port("0"), 1),
            ("10.0.0.1", port("65536"), 1),
            ("10.0.0.1", port("80.5"), 1),
            ("10.0.0.1", port("1e30"), 1),
        ] {
            let fault = call(&backup_addr(), &[ip.into(), port.clone()]).unwrap_err();
            assert_eq!(fault.argument, Some(blamed), "{ip} {port:?}");
            assert!(fault.text.contains(". "), "reason and remedy are wanted: {}", fault.text);
        }
        for addr in ["", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:080", "[::1]:80", "host:80"] {
            assert_eq!(call(&parse_backup_addr(), &[addr.into()]).unwrap_err().argument, Some(0), "{addr}");
        }
        for id in ["", "/", "a/", "/h", "a/b/c", "h 1", "all_granted_eps/h"] {
            assert_eq!(call(&parse_import_id(), &[id.into()]).unwrap_err().argument, Some(0), "{id}");
        }
    }

    #[test]
    fn import_ids_have_an_optional_enterprise_project() {
        let parse = |id: &str| {
            let parts = call(&parse_import_id(), &[id.into()]).unwrap();
            (parts.member("enterprise_project_id").clone(), parts.member("host_id").clone())
        };
        assert_eq!(parse("h-1"), (Value::Null, "h-1".into()));
        assert_eq!(parse("0/h-1"), ("0".into(), "h-1".into()));
    }
}
