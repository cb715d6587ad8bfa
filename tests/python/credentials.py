"""The ways in which the vendor's SDK gets credentials, each used for a call of HSS afterwards."""

import json
import os
import tempfile
from contextlib import contextmanager

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.auth.internal import MetadataAccessor
from huaweicloudsdkcore.auth.provider import (
    EnvCredentialProvider,
    MetadataCredentialProvider,
    OidcStsCredentialProvider,
)
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm
from huaweicloudsdkhss.v5 import ListBackupHostsInfoRequest
from huaweicloudsdkiam.v3 import (
    AgencyAuth,
    AgencyAuthIdentity,
    AgencyTokenAssumerole,
    AgencyTokenAuth,
    AgencyTokenIdentity,
    AgencyTokenScope,
    AgencyTokenScopeProject,
    AuthScope,
    AuthScopeProject,
    CreateTemporaryAccessKeyByAgencyRequest,
    CreateTemporaryAccessKeyByAgencyRequestBody,
    IamClient,
    IdentityAssumerole,
    KeystoneCreateAgencyTokenRequest,
    KeystoneCreateAgencyTokenRequestBody,
    KeystoneCreateUserTokenByPasswordRequest,
    KeystoneCreateUserTokenByPasswordRequestBody,
    PwdAuth,
    PwdIdentity,
    PwdPassword,
    PwdPasswordUser,
    PwdPasswordUserDomain,
)
from huaweicloudsdksts.v1 import (
    AssumeAgencyReqBody,
    AssumeAgencyRequest,
    GetCallerIdentityRequest,
    StsClient,
)

from bench import (
    ACCESS,
    ACCOUNT,
    ID_TOKEN,
    PARTNER,
    PARTNER_PROJECT,
    PASSWORD,
    PROJECT,
    REGION,
    SECRET,
    USER,
    refused,
)


@contextmanager
def environment(**variables):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def metadata_at(url):
    """The SDK asks a fixed address, which no test can listen on."""
    before, MetadataAccessor._METADATA_ENDPOINT = MetadataAccessor._METADATA_ENDPOINT, url
    try:
        yield
    finally:
        MetadataAccessor._METADATA_ENDPOINT = before


def reached(bench, client):
    """Lists backup servers and says who did so in which project."""
    client.list_backup_hosts_info(ListBackupHostsInfoRequest())
    row = [row for row in bench.control("GET", "requests") if row["operation"] == "ListBackupHostsInfo"][-1]
    assert row["status"] == 200, row
    return row["principal"], row["path"].split("/")[2]


def v3_role(bench, agency, account, **keys):
    """Keys of an agency by the older way."""
    role = IdentityAssumerole(agency_name=agency, domain_name=account, duration_seconds=43200)
    auth = AgencyAuth(identity=AgencyAuthIdentity(methods=["assume_role"], assume_role=role))
    body = CreateTemporaryAccessKeyByAgencyRequestBody(auth=auth)
    request = CreateTemporaryAccessKeyByAgencyRequest(body=body)
    made = bench.account_client(IamClient, **keys).create_temporary_access_key_by_agency(request).credential
    return {"access": made.access, "secret": made.secret, "token": made.securitytoken}


def sts(bench, access=ACCESS, secret=SECRET, token=None):
    """A client of STS, which to this SDK is a service of a region."""
    return bench.client_of(access, secret, token, kind=StsClient)


def v5_role(bench, agency, account_id, seconds=None, **keys):
    """Keys of an agency by STS."""
    urn = f"iam::{account_id}:agency:{agency}"
    body = AssumeAgencyReqBody(agency_urn=urn, agency_session_name=agency, duration_seconds=seconds)
    made = sts(bench, **keys).assume_agency(AssumeAgencyRequest(body=body)).credentials
    return {"access": made.access_key_id, "secret": made.secret_access_key, "token": made.security_token}


def test_sm3_signatures(bench):
    for secret, works in [(SECRET, True), ("wrong", False)]:
        credentials = BasicCredentials(ACCESS, secret, PROJECT)
        client = bench.client_with(credentials, signing_algorithm=SigningAlgorithm.HMAC_SM3)
        if works:
            assert reached(bench, client) == (f"key:…{ACCESS[-4:]}", PROJECT)
            refused(400, "HSS.0001", lambda: client.list_backup_hosts_info(ListBackupHostsInfoRequest(limit=9)))
        else:
            refused(401, "APIGW.0301", lambda: client.list_backup_hosts_info(ListBackupHostsInfoRequest()))


def test_the_account_is_looked_up_both_ways(bench):
    # The SDK keeps what it found per access key, so each look-up has keys of its own.
    assert v3_role(bench, "visitors", "partner")
    assert bench.last("KeystoneListAuthDomains") == (f"key:…{ACCESS[-4:]}", 200)
    bench.knob(auth_domains="hidden")
    first = v5_role(bench, "visitors", PARTNER)
    with environment(HUAWEICLOUD_SDK_STS_ENDPOINT=bench.url):
        assert v3_role(bench, "insiders", "partner", **first)
    assert bench.last("GetCallerIdentity") == ("agency:partner/visitors", 200)
    bench.knob(auth_domains=None)


def test_roles(bench):
    for keys in [v3_role(bench, "visitors", "partner"), v5_role(bench, "visitors", PARTNER, 43200)]:
        client = bench.client_of(keys["access"], keys["secret"], keys["token"], project=None)
        assert reached(bench, client) == ("agency:partner/visitors", PARTNER_PROJECT)
        strayed = bench.client_of(keys["access"], keys["secret"], keys["token"], project=PROJECT)
        refused(403, "APIGW.0310", lambda: strayed.list_backup_hosts_info(ListBackupHostsInfoRequest()))
    refused(404, "IAM.0004", lambda: v3_role(bench, "nobody", "partner"))
    refused(403, "IAM.0003", lambda: v3_role(bench, "insiders", "partner"))
    refused(404, "STS5.1106", lambda: v5_role(bench, "nobody", PARTNER))
    refused(403, "PAP5.0001", lambda: v5_role(bench, "insiders", PARTNER))


def test_chains_of_roles(bench):
    steps = {
        "v3 v3": (v3_role(bench, "visitors", "partner"), lambda keys: v3_role(bench, "insiders", "partner", **keys)),
        "v3 v5": (v3_role(bench, "visitors", "partner"), lambda keys: v5_role(bench, "insiders", PARTNER, **keys)),
        "v5 v3": (v5_role(bench, "visitors", PARTNER), lambda keys: v3_role(bench, "insiders", "partner", **keys)),
        "v5 v5": (v5_role(bench, "visitors", PARTNER), lambda keys: v5_role(bench, "insiders", PARTNER, **keys)),
    }
    for name, (first, second) in steps.items():
        keys = second(first)
        client = bench.client_of(keys["access"], keys["secret"], keys["token"], project=None)
        assert reached(bench, client) == ("agency:partner/insiders", PARTNER_PROJECT), name
    first = v5_role(bench, "visitors", PARTNER)
    refused(400, "IAM.0007", lambda: v5_role(bench, "insiders", PARTNER, 3601, **first))


def test_caller_identity(bench):
    keys = v5_role(bench, "visitors", PARTNER)
    answer = sts(bench, **keys).get_caller_identity(GetCallerIdentityRequest())
    assert answer.account_id == PARTNER, answer


def test_tokens(bench):
    def log_in(password):
        user = PwdPasswordUser(
            domain=PwdPasswordUserDomain(name="sim-account"), name=USER, password=password
        )
        identity = PwdIdentity(methods=["password"], password=PwdPassword(user=user))
        auth = PwdAuth(identity=identity, scope=AuthScope(project=AuthScopeProject(id=PROJECT)))
        body = KeystoneCreateUserTokenByPasswordRequestBody(auth=auth)
        request = KeystoneCreateUserTokenByPasswordRequest(nocatalog="true", body=body)
        return bench.account_client(IamClient).keystone_create_user_token_by_password(request)

    made = log_in(PASSWORD)
    assert made.x_subject_token and made.token.user.name == USER, made
    assert made.token.expires_at > made.token.issued_at, made
    refused(401, 401, lambda: log_in("guess"))

    role = AgencyTokenAssumerole(domain_name="partner", agency_name="visitors")
    identity = AgencyTokenIdentity(methods=["assume_role"], assume_role=role)
    scope = AgencyTokenScope(project=AgencyTokenScopeProject(name=REGION))
    body = KeystoneCreateAgencyTokenRequestBody(auth=AgencyTokenAuth(identity=identity, scope=scope))
    made = bench.account_client(IamClient).keystone_create_agency_token(
        KeystoneCreateAgencyTokenRequest(body=body)
    )
    assert made.token.project.id == PARTNER_PROJECT, made
    assert made.x_subject_token, made


def test_login_by_id_token(bench):
    with tempfile.NamedTemporaryFile("w") as file, environment(
        HUAWEICLOUD_SDK_IDP_ID="idp", HUAWEICLOUD_SDK_ID_TOKEN_FILE=file.name
    ):
        file.write(ID_TOKEN + "\n")
        file.flush()
        credentials = EnvCredentialProvider.get_basic().get_credentials().with_iam_endpoint(bench.url)
        assert reached(bench, bench.client_with(credentials)) == ("idp:idp", PROJECT)
        bench.control("PATCH", "identity-providers/idp", {"id_tokens": ["another"]})
        credentials = EnvCredentialProvider.get_basic().get_credentials().with_iam_endpoint(bench.url)
        credentials.project_id = PROJECT
        client = bench.client_with(credentials)
        refused(401, "IAM.0007", lambda: client.list_backup_hosts_info(ListBackupHostsInfoRequest()))
        bench.control("PATCH", "identity-providers/idp", {"id_tokens": [ID_TOKEN]})
    assert bench.last("CreateTokenWithIdToken")[1] == 401
    assert ID_TOKEN not in json.dumps(bench.control("GET", "requests")), "the journal holds a secret"


def test_a_role_by_id_token(bench):
    def provider(id_token):
        return OidcStsCredentialProvider(
            "basic",
            provider_urn=f"iam::{ACCOUNT}:oidc-provider:idp",
            agency_urn=f"iam::{ACCOUNT}:agency:own-agency",
            id_token=id_token,
            sts_endpoint=bench.url,
        )

    credentials = provider(ID_TOKEN).get_credentials().with_iam_endpoint(bench.url)
    credentials.project_id = PROJECT
    client = bench.client_with(credentials)
    assert reached(bench, client) == ("agency:sim-account/own-agency", PROJECT)
    assert bench.last("AssumeAgencyWithOIDC") == ("idp:idp", 200)
    credentials = provider("made up").get_credentials().with_iam_endpoint(bench.url)
    credentials.project_id = PROJECT
    client = bench.client_with(credentials)
    try:
        client.list_backup_hosts_info(ListBackupHostsInfoRequest())
    except SdkException as error:
        assert "PAP5.0001" in str(error), error
    else:
        raise AssertionError("a made-up ID token was taken")


def test_keys_of_an_instance(bench):
    with metadata_at(bench.url):
        for mode in ["optional", "required", "unsupported"]:
            bench.knob(metadata=mode)
            credentials = MetadataCredentialProvider.get_basic().get_credentials()
            client = bench.client_with(credentials.with_iam_endpoint(bench.url))
            assert reached(bench, client) == ("ecs:sim-ecs-agency", PROJECT), mode
        for mode, status in [("no_agency", 401), ("off", 404)]:
            bench.knob(metadata=mode)
            try:
                MetadataCredentialProvider.get_basic().get_credentials()
            except ClientRequestException as error:
                assert error.status_code == status, (mode, error)
            else:
                raise AssertionError(f"{mode}: keys came all the same")
        bench.knob(metadata="required")
        credentials = MetadataCredentialProvider.get_basic().get_credentials()
        bench.control("POST", "revoke")
        # Its session is over too, so the SDK must ask for another one. The keys it holds have half an hour left.
        credentials._expired_at = 0
        client = bench.client_with(credentials.with_iam_endpoint(bench.url))
        assert reached(bench, client) == ("ecs:sim-ecs-agency", PROJECT)
    bench.knob(metadata=None)


def test_expired_keys(bench):
    bench.knob(keys_ttl_s=0)
    keys = v5_role(bench, "own-agency", ACCOUNT)
    bench.knob(keys_ttl_s=None)
    client = bench.client_of(keys["access"], keys["secret"], keys["token"])
    error = refused(401, "APIGW.0301", lambda: client.list_backup_hosts_info(ListBackupHostsInfoRequest()))
    assert "token expires" in error.error_msg, error.error_msg


def test_a_clock_that_is_wrong(bench):
    bench.knob(clock_offset_s=-3600)
    client = bench.client_of(ACCESS, SECRET)
    error = refused(401, "APIGW.0301", lambda: client.list_backup_hosts_info(ListBackupHostsInfoRequest()))
    assert "signature expired" in error.error_msg, error.error_msg
    bench.knob(clock_offset_s=None)
