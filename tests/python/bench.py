"""A running hss-sim with a world for these tests, and clients of the vendor's SDK for it."""

import json
import signal
import subprocess
import tempfile
import urllib.request

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkhss.v5 import (
    DeleteBackupHostInfoRequest,
    DeleteBackupHostRequestInfo,
    HssClient,
    ListBackupHostsInfoRequest,
    SetRemoteBackupInfoRequest,
    SetRemoteBackupInfoRequestInfo,
    SetWtpProtectionStatusInfoRequest,
    SetWtpProtectionStatusRequestInfo,
    ShowRemoteBackupHostInfoRequest,
    UpdateBackupHostInfoRequest,
    UpdateBackupHostRequestInfo,
)

PROJECT = "b0000000000000000000000000000001"
REGION = "xx-test-1"
ACCOUNT = "d0000000000000000000000000000001"
PARTNER, PARTNER_PROJECT = "d0000000000000000000000000000009", "b0000000000000000000000000000009"
ID_TOKEN = "header.payload.signature"
USER, PASSWORD = "sim-user", "sim-password-for-tests-only"
ACCESS, SECRET = "SDKTESTACCESSKEY0001", "sdk-test-secret-key-for-tests-only-00001"
TEMPORARY, TOKEN = "SDKTESTACCESSKEY0002", "temporary/+=token"
WEB = "70000000-0000-4000-8000-000000000001"
CLOSED = "70000000-0000-4000-8000-000000000002"
WINDOWS = "70000000-0000-4000-8000-000000000003"
OTHER = "70000000-0000-4000-8000-000000000004"
VAULT = "70000000-0000-4000-8000-000000000010"
OTHER_EP = "80000000-0000-4000-8000-000000000001"
FLEET = [f"90000000-0000-4000-8000-{number:012}" for number in range(230)]


def host(host_id, name, **others):
    return {"host_id": host_id, "host_name": name, "private_ip": "172.16.4.11", **others}


WORLD = {
    "projects": [{"id": PROJECT, "name": REGION}],
    "accounts": [
        {"id": PARTNER, "name": "partner", "projects": [{"id": PARTNER_PROJECT, "name": REGION}]},
    ],
    "agencies": [
        {"name": "own-agency"},
        {"name": "visitors", "domain_id": PARTNER},
        {"name": "insiders", "domain_id": PARTNER, "trusts": ["agency:partner/visitors"]},
    ],
    "identity_providers": [{"id": "idp", "id_tokens": [ID_TOKEN]}],
    "access_keys": [
        {"access": ACCESS, "secret": SECRET},
        {"access": TEMPORARY, "secret": SECRET, "security_token": TOKEN},
    ],
    "hosts": [
        host(WEB, "web", protect_status="opened"),
        host(CLOSED, "web-closed", protect_status="closed"),
        host(WINDOWS, "web-windows", protect_status="opened", os_type="Windows"),
        host(OTHER, "web other", protect_status="opened", enterprise_project_id=OTHER_EP),
        host(VAULT, "vault"),
        *(host(host_id, f"fleet-{host_id[-3:]}") for host_id in FLEET),
    ],
}


class Bench:
    """A running simulator and SDK clients for it."""

    def __init__(self, binary):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as world:
            json.dump(WORLD, world)
            world.flush()
            self.process = subprocess.Popen(
                [binary, "--listen", "127.0.0.1:0", "--world", world.name, "--knob", "start_after_ms=100"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), f"no address but {self.url!r}"
        self.client = self.client_of(ACCESS, SECRET)

    def client_of(self, access, secret, token=None, project=PROJECT, kind=HssClient):
        credentials = BasicCredentials(access, secret, project).with_iam_endpoint(self.url)
        if token:
            credentials = credentials.with_security_token(token)
        return self.client_with(credentials, kind)

    def client_with(self, credentials, kind=HssClient, **config):
        builder = kind.new_builder().with_http_config(HttpConfig(timeout=(5, 20), **config))
        return builder.with_credentials(credentials).with_region(Region(REGION, self.url)).build()

    def account_client(self, kind, access=ACCESS, secret=SECRET, token=None):
        """A client of a service of the whole account, which looks the account up."""
        credentials = GlobalCredentials(access, secret).with_iam_endpoint(self.url)
        if token:
            credentials = credentials.with_security_token(token)
        return self.client_with(credentials, kind)

    def knob(self, **changes):
        self.control("PATCH", "knobs", changes)

    def last(self, operation):
        """Who made the last call of an operation, and its status."""
        rows = [row for row in self.control("GET", "requests") if row["operation"] == operation]
        return rows[-1].get("principal"), rows[-1]["status"]

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data, method=method)
        with urllib.request.urlopen(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def register(self, host_id, port=18080, ip="172.16.8.20", **query):
        body = UpdateBackupHostRequestInfo(
            host_id=host_id, backup_host_ip=ip, backup_host_port=port, backup_dir="/data/Kopien für WTP"
        )
        return self.client.update_backup_host_info(UpdateBackupHostInfoRequest(body=body, **query))

    def delete(self, ids):
        body = DeleteBackupHostRequestInfo(backup_host_id_list=ids)
        return self.client.delete_backup_host_info(DeleteBackupHostInfoRequest(body=body))

    def listed(self, **query):
        return self.client.list_backup_hosts_info(ListBackupHostsInfoRequest(**query))

    def set(self, host_id, **members):
        body = SetRemoteBackupInfoRequestInfo(**members)
        return self.client.set_remote_backup_info(SetRemoteBackupInfoRequest(host_id=host_id, body=body))

    def show(self, host_id, **query):
        request = ShowRemoteBackupHostInfoRequest(host_id=host_id, **query)
        return self.client.show_remote_backup_host_info(request)

    def switch(self, on, ids):
        body = SetWtpProtectionStatusRequestInfo(
            status=on, host_id_list=ids, charging_mode="on_demand" if on else None
        )
        request = SetWtpProtectionStatusInfoRequest(region=REGION, body=body)
        return self.client.set_wtp_protection_status_info(request)


def refused(status, code, call):
    """The call must fail with this status and code."""
    try:
        answer = call()
    except ClientRequestException as error:
        seen = (error.status_code, error.error_code)
        assert seen == (status, code), f"expected {(status, code)}, got {seen}: {error.error_msg}"
        assert error.request_id, "an error without a request id"
        return error
    raise AssertionError(f"expected {(status, code)}, but the call succeeded: {answer}")
