"""Drives hss-sim with the vendor's official Python SDK, which brings its own signer and its own models.

Usage: python sdk_drives_the_simulator.py PATH/TO/hss-sim

Needs the packages of requirements.txt. Prints a line per check and `N passed, 0 failed`; exits with 1 otherwise.
"""

import json
import sys
import time
import traceback

from huaweicloudsdkhss.v5 import (
    ListBackupHostsInfoRequest,
    ListWebTamperHostRequest,
    ListWtpProtectHostRequest,
    ShowWtpProtectStatisticsRequest,
)

import credentials
from bench import (
    ACCESS,
    CLOSED,
    FLEET,
    OTHER,
    OTHER_EP,
    REGION,
    SECRET,
    TEMPORARY,
    TOKEN,
    VAULT,
    WEB,
    WINDOWS,
    Bench,
    refused,
)


def status_of(bench, host_id):
    rows = bench.listed(limit=200).data_list
    return next((row.backup_host_status for row in rows if row.backup_host_id == host_id), None)


def wait_for(what, condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


def test_the_sdk_finds_the_project_itself(bench):
    client = bench.client_of(TEMPORARY, SECRET, TOKEN, project=None)
    assert client.list_backup_hosts_info(ListBackupHostsInfoRequest()).total_num == 0
    journal = bench.control("GET", "requests")
    rows = [(row["operation"], row["who"], row["status"]) for row in journal]
    who = f"…{TEMPORARY[-4:]}"
    assert ("KeystoneListProjects", who, 200) in rows, rows
    assert ("ListBackupHostsInfo", who, 200) in rows, rows
    look_up = next(row for row in journal if row["operation"] == "KeystoneListProjects")
    assert look_up["query"] == {"name": REGION}, look_up
    assert TOKEN not in json.dumps(journal), "the journal holds a secret"


def test_update_backup_host_info(bench):
    bench.register(VAULT)
    assert status_of(bench, VAULT) == 2, "starting"
    wait_for("running", lambda: status_of(bench, VAULT) == 1)


def test_list_backup_hosts_info(bench):
    row = bench.listed(limit=200, offset=0, enterprise_project_id="0", is_run=True).data_list[0]
    assert (row.backup_host_id, row.backup_host_name) == (VAULT, "vault"), row
    assert (row.backup_host_ip, row.backup_host_port) == ("172.16.8.20", 18080), row
    assert row.backup_dir == "/data/Kopien für WTP", row


def test_set_and_show_remote_backup(bench):
    assert bench.show(WEB).remote_backup is False
    bench.set(WEB, remote_backup=True, backup_addr="172.16.8.20:18080", backup_host_id=VAULT)
    setting = bench.show(WEB)
    assert setting.remote_backup is True, setting
    assert (setting.backup_host_id, setting.backup_host_name) == (VAULT, "vault"), setting
    assert setting.backup_addr == "172.16.8.20:18080", setting
    bench.set(WEB, remote_backup=False)
    assert bench.show(WEB).remote_backup is False


def test_list_wtp_protect_host(bench):
    bench.set(WEB, remote_backup=True, backup_addr="172.16.8.20:18080", backup_host_id=VAULT)
    request = ListWtpProtectHostRequest(region=REGION, host_id=WEB, protect_status="opened", limit=200)
    answer = bench.client.list_wtp_protect_host(request)
    assert answer.total_num == 1, answer
    row = answer.data_list[0]
    assert (row.host_name, row.protect_status, row.backup_host_id) == ("web", "opened", VAULT), row
    fuzzy = bench.client.list_wtp_protect_host(
        ListWtpProtectHostRequest(host_name="web other", enterprise_project_id="all_granted_eps")
    )
    assert [row.host_id for row in fuzzy.data_list] == [OTHER], fuzzy


def test_list_web_tamper_host(bench):
    answer = bench.client.list_web_tamper_host(ListWebTamperHostRequest(host_name="vault"))
    assert [row.host_id for row in answer.data_list] == [VAULT], answer
    assert len(answer.data_list[0].agent_id) == 64, answer


def test_set_wtp_protection_status_info(bench):
    bench.switch(True, [CLOSED])
    request = ListWtpProtectHostRequest(host_id=CLOSED, wtp_status="opened")
    assert bench.client.list_wtp_protect_host(request).total_num == 1
    bench.switch(False, [CLOSED])
    assert bench.client.list_wtp_protect_host(request).total_num == 0


def test_show_wtp_protect_statistics(bench):
    answer = bench.client.show_wtp_protect_statistics(ShowWtpProtectStatisticsRequest())
    assert (answer.protect_host_num, answer.protect_success_host_num) == (2, 2), answer
    assert (answer.protect_fail_host_num, answer.anti_tampering_num) == (0, 0), answer


def test_delete_backup_host_info(bench):
    bench.set(WEB, remote_backup=False)
    bench.delete([VAULT])
    assert status_of(bench, VAULT) is None


def test_230_backup_servers_in_pages_of_200(bench):
    for host_id in FLEET:
        bench.register(host_id)
    ids, offset = [], 0
    while True:
        page = bench.listed(limit=200, offset=offset)
        assert page.total_num == 230, page.total_num
        ids += [row.backup_host_id for row in page.data_list]
        offset += len(page.data_list)
        if offset >= page.total_num:
            break
    assert ids == FLEET, "each once, in the order of their registration"
    assert len(bench.listed().data_list) == 10, "ten without a limit"


def test_101_ids_in_one_delete(bench):
    refused(400, "HSS.0001", lambda: bench.delete(FLEET[:101]))
    assert bench.listed().total_num == 230, "a refused delete deletes nothing"
    for start in range(0, 230, 100):
        bench.delete(FLEET[start : start + 100])
    assert bench.listed().total_num == 0
    refused(400, "HSS.0001", lambda: bench.delete([]))


def test_wrong_keys(bench):
    for client in [
        bench.client_of(ACCESS, "wrong"),
        bench.client_of("UNKNOWN", SECRET),
        bench.client_of(TEMPORARY, SECRET),
        bench.client_of(TEMPORARY, SECRET, "another token"),
    ]:
        request = ListBackupHostsInfoRequest()
        refused(401, "APIGW.0301", lambda: client.list_backup_hosts_info(request))
    stranger = bench.client_of(ACCESS, SECRET, project="c0000000000000000000000000000001")
    refused(403, "APIGW.0310", lambda: stranger.list_backup_hosts_info(ListBackupHostsInfoRequest()))


def test_wrong_ranges(bench):
    for query in [
        {"limit": 9},
        {"limit": 201},
        {"offset": -1},
        {"offset": 2000001},
        {"enterprise_project_id": "x" * 257},
    ]:
        refused(400, "HSS.0001", lambda: bench.listed(**query))
    refused(400, "HSS.0001", lambda: bench.register(VAULT, port=65536))
    refused(400, "HSS.0001", lambda: bench.register(VAULT, port=-1))
    refused(400, "HSS.0001", lambda: bench.register(VAULT, ip="1" * 257))
    refused(400, "HSS.0001", lambda: bench.register(VAULT, enterprise_project_id="all_granted_eps"))
    refused(400, "HSS.0001", lambda: bench.delete(["x" * 129]))
    refused(400, "HSS.0001", lambda: bench.set(WEB, remote_backup=True, backup_host_id=VAULT))


def test_preconditions(bench):
    target = {"remote_backup": True, "backup_addr": "172.16.8.20:18080", "backup_host_id": VAULT}
    refused(400, "HSS.0011", lambda: bench.set(WEB, **target))
    bench.register(VAULT)
    refused(400, "HSS.0001", lambda: bench.set(WEB, **target))
    wait_for("running", lambda: status_of(bench, VAULT) == 1)
    refused(400, "HSS.0001", lambda: bench.set(WINDOWS, **target))
    refused(400, "HSS.0010", lambda: bench.set(CLOSED, **target))
    refused(400, "HSS.0011", lambda: bench.show(OTHER))
    assert bench.show(OTHER, enterprise_project_id=OTHER_EP).remote_backup is False
    refused(400, "HSS.0011", lambda: bench.show("h/1 x"))
    # The SDK knows a code only beside an `error_msg`, which this refusal lacks.
    error = refused(400, "400", lambda: bench.switch(False, ["unknown"]))
    assert json.loads(error.error_msg)["error_code"] == "00000010", error.error_msg


def test_throttle(bench):
    # With a POST, because the SDK repeats a GET that was throttled until it gives up without the body.
    def disable():
        bench.set(WEB, remote_backup=False)

    bench.control("PATCH", "knobs", {"throttle": "2/60"})
    disable()
    disable()
    error = refused(429, "APIGW.0308", disable)
    assert "limit:2,time:1 minute" in error.error_msg, error.error_msg
    bench.control("PATCH", "knobs", {"throttle": None})


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    bench = Bench(sys.argv[1])
    passed = failed = 0
    try:
        # In the order of their definition: the later ones build on what the earlier ones left.
        tests = [*globals().items(), *vars(credentials).items()]
        for name, test in [item for item in tests if item[0].startswith("test_")]:
            try:
                test(bench)
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}")
            else:
                passed += 1
                print(f"ok     {name}")
    finally:
        code = bench.stop()
    assert code == 0, f"the simulator ended with {code}"
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
