"""What a configuration may be, and what edits make of it."""

from collections.abc import Mapping

import pytest

from lambent.core.configuration_edit import ConfigurationEdit, LoggingEdit, edited, new_configuration
from lambent.core.configuration_rules import (
    RESERVED_VARIABLES,
    check_configuration,
    check_edit,
    check_log_levels,
    check_variables,
)
from lambent.core.errors import InvalidParameterValue

ROLE = "arn:aws:iam::000000000000:role/r"

NOW = 1_700_000_000.0
EFS = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"


def configured(**given):
    edit = ConfigurationEdit(role=ROLE, **{"runtime": "python3.12", "handler": "app.handler", **given})
    return new_configuration("hello", edit, ())


def test_a_new_configuration_has_the_defaults_of_lambda() -> None:
    made = configured()
    assert (made.memory_size, made.timeout, made.ephemeral_storage, made.architectures) == (128, 3, 512, ("x86_64",))
    assert (made.log_format, made.log_group, made.description, made.environment) == ("Text", "/aws/lambda/hello", "", None)


def test_an_edit_leaves_what_it_does_not_name() -> None:
    before = configured(timeout=9, environment={"A1": "1"})
    after = edited(before, ConfigurationEdit(memory_size=256), None)
    assert (after.timeout, after.memory_size, after.environment) == (9, 256, {"A1": "1"})


def test_variables_are_replaced_whole() -> None:
    after = edited(configured(environment={"A1": "1"}), ConfigurationEdit(environment={"B2": "2"}), None)
    assert after.environment == {"B2": "2"}


def test_a_setting_of_none_goes_back_to_the_default() -> None:
    before = configured(settings={"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"})
    assert edited(before, ConfigurationEdit(settings={"KMSKeyArn": None}), None).settings == {}


def test_json_logging_has_levels_and_text_has_none() -> None:
    json = edited(configured(), ConfigurationEdit(logging=LoggingEdit(log_format="JSON", application_log_level="DEBUG")), None)
    assert (json.application_log_level, json.system_log_level) == ("DEBUG", "INFO")
    text = edited(json, ConfigurationEdit(logging=LoggingEdit(log_format="Text")), None)
    assert (text.application_log_level, text.system_log_level) == (None, None)


def test_a_log_group_survives_a_change_of_format() -> None:
    grouped = edited(configured(), ConfigurationEdit(logging=LoggingEdit(log_group="/shared")), None)
    assert edited(grouped, ConfigurationEdit(logging=LoggingEdit(log_format="JSON")), None).log_group == "/shared"


def test_log_levels_need_json() -> None:
    edit = ConfigurationEdit(logging=LoggingEdit(system_log_level="WARN"))
    with pytest.raises(InvalidParameterValue, match="you must set LogFormat to JSON"):
        check_log_levels(edited(configured(), edit, None), edit)


@pytest.mark.parametrize(
    ("variables", "fits"),
    [
        ({"AA": "x" * (4096 - len('{"AA":""}'))}, True),
        ({"AA": "x" * (4097 - len('{"AA":""}'))}, False),
        ({"AA": "é" * 2048}, False),
        ({}, True),
    ],
)
def test_variables_fit_four_kilobytes_as_json(variables: Mapping[str, str], fits: bool) -> None:
    if fits:
        check_variables(variables)
    else:
        with pytest.raises(InvalidParameterValue, match=r"exceeded the 4KB limit. String measured: "):
            check_variables(variables)


@pytest.mark.parametrize("name", sorted(RESERVED_VARIABLES))
def test_reserved_variables_are_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        check_variables({"FINE": "1", name: "x"})
    assert refusal.value.message.endswith(f"Reserved keys used in this request: {name}")


def test_all_reserved_variables_of_a_request_are_named() -> None:
    with pytest.raises(InvalidParameterValue, match=r"request: AWS_REGION, LAMBDA_TASK_ROOT$"):
        check_variables({"AWS_REGION": "x", "LAMBDA_TASK_ROOT": "y"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timeout": 901}, "'Timeout' value failed to satisfy constraint: Member must have value less than or equal to 900"),
        ({"memory_size": 10_241}, "'MemorySize' value .* less than or equal to 10240"),
        ({"memory_size": 127}, "'MemorySize' value .* greater than or equal to 128"),
        ({"ephemeral_storage": 10_241}, "'EphemeralStorage.Size' value .* less than or equal to 10240"),
        ({"settings": {"VpcConfig": {"SubnetIds": ["subnet-1"]}}}, "SubnetIds and SecurityIds must coexist"),
        *(
            ({"settings": {"DeadLetterConfig": {"TargetArn": target}}}, "not a standard SQS queue or SNS topic")
            for target in (
                "arn:aws:s3:::bucket",
                "arn:aws:sqs:us-east-1:000000000000:q.fifo",
                "arn:aws:sns:us-east-1:000000000000:t.fifo",
                "arn:aws:sqs",
                "arn:aws:sqs:us-east-1:0:q",
                "arn:aws:lambda:us-east-1:000000000000:function:f",
            )
        ),
        ({"settings": {"KMSKeyArn": "arn:aws:s3:::key"}}, "the KMS key is invalid for CreateGrant"),
        ({"settings": {"SourceKMSKeyArn": "arn:aws:kms:us-east-1:0:key/k"}}, "the KMS key is invalid for CreateGrant"),
        (
            {"settings": {"FileSystemConfigs": [{"Arn": EFS, "LocalMountPath": "/mnt/a", "S3FilesConfig": {}}]}},
            "valid only when the access point is an Amazon S3 Files access point",
        ),
    ],
)
def test_single_members_out_of_bounds_are_refused(given, message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        check_edit(ConfigurationEdit(**given))


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_dead_letters_go_to_queues_and_topics(service: str) -> None:
    check_edit(ConfigurationEdit(settings={"DeadLetterConfig": {"TargetArn": f"arn:aws:{service}:us-east-1:000000000000:name"}}))


@pytest.mark.parametrize("missing", ["runtime", "handler"])
def test_zip_functions_need_runtime_and_handler(missing: str) -> None:
    with pytest.raises(InvalidParameterValue, match="Runtime and Handler are mandatory parameters"):
        check_configuration(configured(**{missing: None}), creating=True, now=NOW)


def test_snap_start_is_refused_where_the_runtime_cannot() -> None:
    configuration = configured(runtime="nodejs22.x", settings={"SnapStart": {"ApplyOn": "PublishedVersions"}})
    with pytest.raises(InvalidParameterValue, match=r"nodejs22\.x is not supported for SnapStart enabled functions"):
        check_configuration(configuration, creating=True, now=NOW)


VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
ON_EFS = {"FileSystemConfigs": [{"Arn": EFS, "LocalMountPath": "/mnt/a"}]}


def test_an_efs_file_system_needs_a_vpc() -> None:
    with pytest.raises(InvalidParameterValue, match=f"must be configured to execute in a VPC to reference access point {EFS}"):
        check_configuration(configured(settings=ON_EFS), creating=True, now=NOW)
    check_configuration(configured(settings={**ON_EFS, "VpcConfig": VPC}), creating=True, now=NOW)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ephemeral_storage": 513}, "more than 512 MB"),
        ({"settings": {**ON_EFS, "VpcConfig": VPC}}, "with file systems"),
    ],
)
def test_what_snap_start_does_not_go_with(more, message: str) -> None:
    settings = {**more.pop("settings", {}), "SnapStart": {"ApplyOn": "PublishedVersions"}}
    with pytest.raises(InvalidParameterValue, match=f"SnapStart is not supported .*{message}"):
        check_configuration(configured(settings=settings, **more), creating=False, now=NOW)


def test_a_variable_that_no_process_can_be_given_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="contains a null character"):
        check_variables({"AA": "one\0two"})
