"""What happens: functions, and all that calls them but the door."""

from __future__ import annotations

import json
import re

from local.credentials import ACCOUNT
from local.deployment.records import Deployment, Made, QueueMapping, Schedule
from local.deployment.resources.kinds import (
    CHECKOUT,
    FOR_READERS,
    MEANT,
    NO_IAM,
    NO_TRACE,
    ONE_LOG,
    UNENCRYPTED,
    Properties,
    arn,
    known,
    switched_on,
    texts,
)
from local.template import IN_TEXT, TemplateFault
from local.workers import MOST_WORKERS, Function


@known(
    "AWS::Events::EventBus",
    Name=MEANT,
    Description=FOR_READERS,
    DeadLetterConfig="no event is lost between two processes of one machine",
    KmsKeyIdentifier=UNENCRYPTED,
    LogConfig=ONE_LOG,
    Policy=NO_IAM,
    Tags=FOR_READERS,
)
def event_bus(to: Deployment, logical_id: str, given: Properties) -> Made:
    made = to.client("events").create_event_bus(Name=given["Name"])["EventBusArn"]
    return Made(given["Name"], {"Arn": made, "Name": given["Name"]})


@known(
    "AWS::Events::Rule",
    Name=MEANT,
    EventBusName=MEANT,
    EventPattern=MEANT,
    ScheduleExpression=MEANT,
    State=MEANT,
    Targets=[
        {
            "Arn": MEANT,
            "Id": MEANT,
            "Input": MEANT,
            "RoleArn": NO_IAM,
            "RetryPolicy": "an event reaches its function at the first try",
            "DeadLetterConfig": "an event reaches its function at the first try",
        }
    ],
    Description=FOR_READERS,
    RoleArn=NO_IAM,
    Tags=FOR_READERS,
)
def rule(to: Deployment, logical_id: str, given: Properties) -> Made:
    """A rule of a schedule is kept for the pollers; moto's own bus does not know the time."""
    name = given.get("Name", to.physical_name(logical_id))
    bus = given.get("EventBusName", "default")
    rule_arn = arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")
    targets = given.get("Targets", [])
    for target in targets:
        to.function(target["Arn"])
    if "ScheduleExpression" in given:
        if given.get("State", "ENABLED") != "DISABLED":
            rate = seconds(given["ScheduleExpression"])
            to.schedules += [Schedule(name, rule_arn, rate, target["Arn"], target.get("Input")) for target in targets]
        return Made(name, {"Arn": rule_arn})
    to.client("events").put_rule(
        Name=name,
        EventBusName=bus,
        EventPattern=json.dumps(given["EventPattern"]),
        State=given.get("State", "ENABLED"),
    )
    if targets:
        to.client("events").put_targets(Rule=name, EventBusName=bus, Targets=targets)
    return Made(name, {"Arn": rule_arn})


def seconds(expression: str) -> float:
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if not rate:
        raise TemplateFault(f"only rates are kept here, not {expression}")
    return int(rate.group(1)) * {"minute": 60.0, "hour": 3600.0, "day": 86400.0}[rate.group(2)]


@known(
    "AWS::StepFunctions::StateMachine",
    StateMachineName=MEANT,
    StateMachineType=MEANT,
    Definition=MEANT,
    DefinitionString=MEANT,
    DefinitionS3Location={"Bucket": "the file lies in the assembly", "Key": MEANT},
    DefinitionSubstitutions=MEANT,
    RoleArn=NO_IAM,
    EncryptionConfiguration=UNENCRYPTED,
    LoggingConfiguration=ONE_LOG,
    TracingConfiguration=NO_TRACE,
    Tags=FOR_READERS,
)
def state_machine(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.get("StateMachineName", to.physical_name(logical_id))
    made = to.client("stepfunctions").create_state_machine(
        name=name,
        type=given.get("StateMachineType", "STANDARD"),
        definition=definition(to, given),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
    )["stateMachineArn"]
    return Made(made, {"Arn": made, "Name": name})


def definition(to: Deployment, given: Properties) -> str:
    if "DefinitionS3Location" in given:
        key = given["DefinitionS3Location"]["Key"]
        if key not in to.assembly.files:
            raise TemplateFault(f"the assembly has no file {key} for the definition")
        text = to.assembly.files[key].read_text()
    elif "DefinitionString" in given:
        text = given["DefinitionString"]
    else:
        text = json.dumps(given["Definition"])
    substitutions = given.get("DefinitionSubstitutions", {})
    if missing := sorted({name for _, name in IN_TEXT.findall(text)} - substitutions.keys()):
        raise TemplateFault(f"the definition names {', '.join(missing)}, for which there is no substitution")
    return IN_TEXT.sub(lambda match: str(substitutions[match.group(2)]), text)


@known(
    "AWS::Lambda::Function",
    FunctionName=MEANT,
    Handler=MEANT,
    Environment={"Variables": MEANT},
    MemorySize=MEANT,
    Timeout=MEANT,
    ReservedConcurrentExecutions=MEANT,
    Architectures=CHECKOUT,
    Code=CHECKOUT,
    Layers=CHECKOUT,
    Runtime=CHECKOUT,
    Description=FOR_READERS,
    EphemeralStorage="this machine's disk is the limit",
    KmsKeyArn=UNENCRYPTED,
    LoggingConfig=ONE_LOG,
    Role=NO_IAM,
    Tags=FOR_READERS,
    TracingConfig=NO_TRACE,
)
def function(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.get("FunctionName", to.physical_name(logical_id))
    variables = given.get("Environment", {}).get("Variables", {})
    made = Function(
        name=name,
        arn=arn("lambda", f"function:{name}"),
        handler=given["Handler"],
        environment={key: texts(value) for key, value in variables.items()},
        timeout=float(given.get("Timeout", 3)),
        memory=int(given.get("MemorySize", 128)),
        most_workers=min(MOST_WORKERS, int(given.get("ReservedConcurrentExecutions", MOST_WORKERS))),
    )
    to.functions[made.arn] = made
    return Made(name, {"Arn": made.arn})


@known(
    "AWS::Lambda::EventSourceMapping",
    EventSourceArn=MEANT,
    FunctionName=MEANT,
    BatchSize=MEANT,
    MaximumBatchingWindowInSeconds=MEANT,
    FunctionResponseTypes=MEANT,
    ScalingConfig={"MaximumConcurrency": MEANT},
    Enabled=MEANT,
    Tags=FOR_READERS,
)
def event_source_mapping(to: Deployment, logical_id: str, given: Properties) -> Made:
    source, called = given["EventSourceArn"], given["FunctionName"]
    if ":sqs:" not in source:
        raise TemplateFault(f"only queues can be polled here, not {source}")
    one = to.function(called if called.startswith("arn:") else arn("lambda", f"function:{called}"))
    hidden = visibility_timeout(to, source)
    if hidden < one.timeout:  # which AWS refuses likewise: a message would be received again while it is dealt with
        raise TemplateFault(f"{source} hides its messages for {hidden:g} s, its function may take {one.timeout:g} s")
    if switched_on(given.get("Enabled", True)):
        to.mappings.append(
            QueueMapping(
                queue_arn=source,
                function=called,
                batch_size=int(given.get("BatchSize", 10)),
                window=float(given.get("MaximumBatchingWindowInSeconds", 0)),
                most_at_once=int(given.get("ScalingConfig", {}).get("MaximumConcurrency", 1000)),
                reports_failures="ReportBatchItemFailures" in given.get("FunctionResponseTypes", []),
            )
        )
    return Made(logical_id)


def visibility_timeout(to: Deployment, queue_arn: str) -> float:
    sqs, name = to.client("sqs"), "VisibilityTimeout"
    url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    return float(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
