"""What template.yaml promises: rights, safety nets, tables, settings."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clonepool.settings import ApiSettings, ClusterSettings, KeeperSettings, WorkerSettings
from lab.aws import http_api, schedule
from lab.aws.functions import FUNCTION, function_specs
from lab.aws.intrinsics import load_yaml
from lab.aws.pipes import PIPE, pipe_specs
from lab.aws.tables import TABLE
from lab.aws.template import TEMPLATE, Resource, load

ROOT = TEMPLATE.parent
RAW = load_yaml(TEMPLATE.read_text())
DEPLOYED = load()
FUNCTIONS = list(DEPLOYED.of_type(FUNCTION))
ROLES = list(DEPLOYED.of_type("AWS::IAM::Role"))
PIPES = list(DEPLOYED.of_type(PIPE))
TABLES = list(DEPLOYED.of_type(TABLE))
ASYNCHRONOUS = [function for function in FUNCTIONS if function.logical_id != "CloneApi"]
PRODUCTION = load(overrides={"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1", "ApiAuthorization": "JWT"})


def name(resource: Resource) -> str:
    return resource.logical_id


def statements(role: Resource) -> list[dict[str, Any]]:
    return [item for policy in role.properties["Policies"] for item in policy["PolicyDocument"]["Statement"]]


def role_of(function: str) -> Resource:
    raw = RAW["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0]
    return DEPLOYED.resources[raw]


def actions_on(role: Resource, part: str) -> set[str]:
    return {action for item in statements(role) if part in item["Resource"] for action in item["Action"]}


def alarms_on(queue: Resource) -> list[Resource]:
    return [
        alarm
        for alarm in DEPLOYED.of_type("AWS::CloudWatch::Alarm")
        if {"Name": "QueueName", "Value": queue.name} in alarm.properties["Dimensions"]
    ]


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_a_role_has_exact_actions_on_one_arn(role: Resource) -> None:
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in statement["Action"])
        assert isinstance(statement["Resource"], str)
        # Within secrets and reports there is one name for each customer and lease.
        beginning = re.split(
            ":secret:clonepool/sources/|(?<=reportsbucket)/fidelity/", statement["Resource"]
        )[0]
        assert "*" not in beginning.removesuffix(":*")  # a log group's ARN means its streams
    assert "ManagedPolicyArns" not in role.properties


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_has_a_role_and_a_log_group_of_its_own(function: Resource) -> None:
    logical_id = function.logical_id
    assert role_of(logical_id).logical_id == f"{logical_id}Role"
    group = DEPLOYED.resources[f"{logical_id}Logs"]
    assert function.properties["LoggingConfig"]["LogGroup"] == group.name
    assert {"logs:CreateLogStream", "logs:PutLogEvents"} == actions_on(role_of(logical_id), group.name)


def test_log_groups_have_a_retention() -> None:
    assert all(group.properties["RetentionInDays"] for group in DEPLOYED.of_type("AWS::Logs::LogGroup"))


def test_the_api_knows_no_cluster_and_reads_no_key() -> None:
    api = function_specs(DEPLOYED)["CloneApi"]
    assert not [variable for variable in api.environment if "CLUSTER" in variable or "KUBE" in variable]
    assert "VpcConfig" not in PRODUCTION.resources["CloneApi"].properties
    assert actions_on(role_of("CloneApi"), ":secret:") == {
        "secretsmanager:CreateSecret",
        "secretsmanager:PutSecretValue",
    }


@pytest.mark.parametrize("function", ["CloneWorker", "PoolKeeper"])
def test_who_imports_reads_keys_and_writes_none(function: str) -> None:
    assert actions_on(role_of(function), ":secret:") == {"secretsmanager:GetSecretValue"}


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("CloneApi", {"s3:GetObject"}),
        ("CloneWorker", {"s3:PutObject"}),
        ("PoolKeeper", {"s3:PutObject"}),
        ("PodReturn", set()),
    ],
)
def test_who_imports_writes_long_reports_and_the_api_reads_them(function: str, actions: set[str]) -> None:
    assert actions_on(role_of(function), "arn:aws:s3:::") == actions


def test_the_bucket_is_closed_and_forgets() -> None:
    [bucket] = DEPLOYED.of_type("AWS::S3::Bucket")
    assert all(bucket.properties["PublicAccessBlockConfiguration"].values())
    assert bucket.properties["BucketEncryption"]
    assert [rule["ExpirationInDays"] for rule in bucket.properties["LifecycleConfiguration"]["Rules"]] == [90]


@pytest.mark.parametrize("function", ASYNCHRONOUS, ids=name)
def test_cluster_users_may_be_in_a_vpc(function: Resource) -> None:
    assert "VpcConfig" not in function.properties
    inside = PRODUCTION.resources[function.logical_id]
    assert inside.properties["VpcConfig"] == {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


@pytest.mark.parametrize("function", ASYNCHRONOUS, ids=name)
def test_an_asynchronous_function_has_a_safety_net(function: Resource) -> None:
    settings = function.properties["EventInvokeConfig"]
    assert settings["MaximumRetryAttempts"] == 2
    assert 60 <= settings["MaximumEventAgeInSeconds"] <= 21600
    destination = settings["DestinationConfig"]["OnFailure"]["Destination"]
    queue = DEPLOYED.by_arn(destination, function.place)
    assert actions_on(role_of(function.logical_id), destination) == {"sqs:SendMessage"}
    assert alarms_on(queue)


@pytest.mark.parametrize("pipe", PIPES, ids=name)
def test_a_pipe_has_filters_limits_and_a_dead_letter_queue(pipe: Resource) -> None:
    source = pipe.properties["SourceParameters"]
    stream = source["DynamoDBStreamParameters"]
    assert source["FilterCriteria"]["Filters"]
    assert stream["BatchSize"] == 1
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert 0 < stream["MaximumRetryAttempts"] <= 100
    assert 60 <= stream["MaximumRecordAgeInSeconds"] <= 86400
    assert alarms_on(DEPLOYED.by_arn(stream["DeadLetterConfig"]["Arn"], pipe.place))


@pytest.mark.parametrize("pipe", PIPES, ids=name)
def test_a_pipes_role_reads_its_stream_and_calls_its_function(pipe: Resource) -> None:
    role = DEPLOYED.resources[f"{pipe.logical_id}Role"]
    assert actions_on(role, pipe.properties["Target"]) == {"lambda:InvokeFunction"}
    assert "dynamodb:GetRecords" in actions_on(role, pipe.properties["Source"])
    assert len(statements(role)) == 3


def test_a_stream_has_at_most_two_readers() -> None:
    sources = [spec.table for spec in pipe_specs(DEPLOYED)]
    assert all(sources.count(table) <= 2 for table in sources)


@pytest.mark.parametrize("table", TABLES, ids=name)
def test_tables_are_on_demand_recoverable_and_encrypted(table: Resource) -> None:
    properties = table.properties
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["SSESpecification"]["SSEEnabled"]
    assert properties["DeletionProtectionEnabled"] is True
    raw = RAW["Resources"][table.logical_id]
    assert raw["DeletionPolicy"] == raw["UpdateReplacePolicy"] == {"Ref": "RetainData"}
    assert RAW["Parameters"]["RetainData"]["Default"] == "Retain"


@pytest.mark.parametrize(
    ("table", "keys", "indexes", "ttl", "stream"),
    [
        ("PodsTable", ["pod_name"],
         {"warm": ["warm_shard", "warm_since"], "deadline": ["pool", "deadline_at"]}, None, True),
        ("ClonesTable", ["clone_id"],
         {"customer": ["customer_id", "created_at"], "expiry": ["expiry_shard", "expires_at"]},
         "expires_at", True),
        ("SourcesTable", ["customer_id"], {}, None, False),
        ("PoolsTable", ["pool"], {}, None, False),
        ("LeasesTable", ["pod_name", "generation"],
         {"clone": ["clone_id", "started_at"]}, "expires_at", False),
    ],
)  # fmt: skip
def test_keys_indexes_and_streams(
    table: str, keys: list[str], indexes: dict[str, list[str]], ttl: str | None, stream: bool
) -> None:
    properties = DEPLOYED.resources[table].properties

    def names(schema: list[dict[str, str]]) -> list[str]:
        return [key["AttributeName"] for key in schema]

    assert names(properties["KeySchema"]) == keys
    declared = {
        index["IndexName"]: names(index["KeySchema"])
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    assert declared == indexes
    assert properties.get("TimeToLiveSpecification", {}).get("AttributeName") == ttl
    view = properties.get("StreamSpecification", {}).get("StreamViewType")
    assert view == ("NEW_AND_OLD_IMAGES" if stream else None)


@pytest.mark.parametrize(
    ("function", "model"),
    [
        ("CloneApi", ApiSettings),
        ("CloneWorker", WorkerSettings),
        ("PodReturn", ClusterSettings),
        ("PoolKeeper", KeeperSettings),
    ],
)
def test_the_template_sets_every_setting_and_no_other(function: str, model: Any) -> None:
    environment = function_specs(DEPLOYED)[function].environment
    wanted = {
        f"CLONEPOOL_{field}".upper()
        for field, info in model.model_fields.items()
        if not info.validation_alias
    }
    assert {variable for variable in environment if variable.startswith("CLONEPOOL_")} == wanted


@pytest.mark.parametrize(
    ("function", "model"),
    [("CloneApi", ApiSettings), ("CloneWorker", WorkerSettings), ("PoolKeeper", KeeperSettings)],
)
def test_the_templates_values_are_valid_settings(
    function: str, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"ClusterEndpoint": "https://cluster.test", "ClusterCa": "Y2E="}
    environment = function_specs(load(overrides=parameters))[function].environment
    for variable, value in {**environment, "AWS_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(variable, value)
    assert model().pool == "default"


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_endpoints_are_declared_and_empty_on_aws(function: Resource) -> None:
    environment = function.properties["Environment"]["Variables"]
    assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == ""
    assert environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] == ""
    assert environment["AWS_ENDPOINT_URL_S3"] == ""


def test_timeouts() -> None:
    timeouts = {spec.logical_id: spec.timeout_seconds for spec in function_specs(DEPLOYED).values()}
    assert timeouts == {"CloneApi": 10, "CloneWorker": 900, "PodReturn": 900, "PoolKeeper": 900}


def test_the_keeper_ticks_every_minute() -> None:
    [rule] = schedule.rules(DEPLOYED)
    assert (rule.function, rule.period_seconds) == ("PoolKeeper", 60)


def test_every_route_wants_authorization() -> None:
    routes = list(DEPLOYED.of_type("AWS::ApiGatewayV2::Route"))
    assert {route.properties["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    with_tokens = PRODUCTION.of_type("AWS::ApiGatewayV2::Route")
    authorizers = {
        (item.properties["AuthorizationType"], item.properties["AuthorizerId"]) for item in with_tokens
    }
    assert authorizers == {("JWT", "clonepool-JwtAuthorizer")}


def test_the_routes_are_the_designs() -> None:
    assert {route.key for route in http_api.routes(DEPLOYED)} == {
        "PUT /customers/{customer_id}/source",
        "POST /clones",
        "GET /clones",
        "GET /clones/{clone_id}",
        "DELETE /clones/{clone_id}",
        "GET /clones/{clone_id}/fidelity",
        "POST /clones/{clone_id}/extend",
        "POST /clones/{clone_id}/login",
        "GET /clones/{clone_id}/outbound",
        "GET /pool",
        "GET /pool/pods",
        "GET /pool/pods/{pod_name}",
        "DELETE /pool/pods/{pod_name}",
        "DELETE /pool/templates/{template_hash}",
        "ANY /{path+}",
    }


def test_the_dashboard_is_json() -> None:
    [dashboard] = DEPLOYED.of_type("AWS::CloudWatch::Dashboard")
    assert json.loads(dashboard.properties["DashboardBody"])["widgets"]


def test_the_dependencies_layer_is_what_the_lock_says() -> None:
    folder = ROOT / "layers" / "dependencies"
    exported = subprocess.run([folder / "export.sh"], capture_output=True, text=True, check=True).stdout
    assert (folder / "requirements.txt").read_text() == exported, (
        "run: make -B layers/dependencies/requirements.txt"
    )
    packages = {line.split("==")[0] for line in exported.splitlines() if "==" in line}
    assert "pynamodb" in packages
    assert not packages & {"boto3", "botocore", "s3transfer", "aws-xray-sdk"}


def test_only_the_functions_are_let_into_the_cluster() -> None:
    access = load_yaml(Path(ROOT / "infra" / "eks" / "access.yaml").read_text())["Resources"].values()
    groups = {
        one["Properties"]["PrincipalArn"]["Ref"]: one["Properties"]["KubernetesGroups"] for one in access
    }
    assert groups.keys() == {f"{function.logical_id}RoleArn" for function in ASYNCHRONOUS}
    assert groups.keys() <= set(RAW["Outputs"])
    for function in ASYNCHRONOUS:
        environment = function.properties["Environment"]["Variables"]
        context = environment["CLONEPOOL_KUBECONFIG_CONTEXT"]
        assert groups[f"{function.logical_id}RoleArn"] == [f"clonepool:{context}"]
