"""The dashboard: jobs, clips, success, time and cost as the functions count them, and the parts that can jam; and alarms
for what nobody else would come back to. They wake nobody: whom, is the account's to say."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from cdk_monitoring_constructs import (
    AlarmFactoryDefaults,
    CustomMetricGroup,
    CustomMetricWithAlarm,
    CustomThreshold,
    DefaultDashboardFactory,
    MaxMessageCountThreshold,
    MetricFactoryDefaults,
    MonitoringFacade,
)
from constructs import Construct

from functions.sweep.sweep import BOUND
from infra.door import Door
from infra.make_clips import MakeClips
from infra.runtime import NAMESPACE
from infra.workflow import Workflow


class Watch(Construct):
    """`unattended` are functions that events and schedules start: nobody waits for their answer."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        door: Door,
        workflow: Workflow,
        clips: MakeClips,
        unattended: tuple[lambda_.Function, ...],
    ) -> None:
        super().__init__(scope, id)
        board = MonitoringFacade(
            self,
            "Board",
            metric_factory_defaults=MetricFactoryDefaults(namespace=NAMESPACE),
            alarm_factory_defaults=AlarmFactoryDefaults(
                alarm_name_prefix=Stack.of(self).stack_name, actions_enabled=True, datapoints_to_alarm=1
            ),
            dashboard_factory=DefaultDashboardFactory(
                self,
                "Dashboards",
                dashboard_name_prefix=Stack.of(self).stack_name,
                detail_dashboard_range=Duration.days(1),
            ),
        )
        board.monitor_custom(human_readable_name="Films", alarm_friendly_name="Films", metric_groups=_films(unattended))
        board.monitor_step_function(state_machine=workflow.machine, human_readable_name="Runs")
        board.monitor_api_gateway_v2_http_api(api=door.api, human_readable_name="API")
        board.monitor_sqs_queue_with_dlq(
            queue=clips.checks,
            dead_letter_queue=clips.dead_checks,
            human_readable_name="Checks",
            alarm_friendly_name="Checks",
            add_dead_letter_queue_max_size_alarm={
                "SetAside": MaxMessageCountThreshold(
                    max_message_count=0,
                    alarm_description_override="Looks at a prediction keep failing. Its clip is left with its webhook, "
                    "and with the last look that KeepClip takes when its time is over.",
                    treat_missing_data_override=cloudwatch.TreatMissingData.NOT_BREACHING,
                )
            },
        )


def _films(unattended: tuple[lambda_.Function, ...]) -> list[CustomMetricGroup]:
    accepted = _metric("JobsAccepted", "api", label="accepted")
    completed = _metric("JobsCompleted", "deliver", label="completed")
    failed = _metric("JobsFailed", "close_job", label="failed")
    cancelled = [_metric("JobsCancelled", service, label="cancelled") for service in STOPPERS]
    clips_completed = _metric("ClipsCompleted", "keep_clip", label="completed")
    # One metric an error class and a function that fails clips, and which classes there are is not known here.
    clips_failed = f"SEARCH('{{{NAMESPACE},errorClass,service}} MetricName=\"ClipsFailed\"', 'Sum', 300)"
    return [
        CustomMetricGroup(title="Jobs", metrics=[accepted, completed, failed, *cancelled]),
        CustomMetricGroup(
            title="What should not happen",
            metrics=[
                _metric("JobsSwept", "sweep", label="jobs swept"),
                _metric("SelectionsByContinuity", "plan", label="selections without the model"),
                _metric("SegmentsFailed", "keep_clip", label="clips that cannot be watched early"),
                _metric("WatchingFailed", "assemble", label="films without a preview or playlist"),
            ],
        ),
        CustomMetricGroup(title="What needs somebody", metrics=_alarming(unattended)),
        CustomMetricGroup(title="Clips", metrics=[clips_completed, _math(clips_failed, label="failed:")]),
        CustomMetricGroup(
            title="Success",
            metrics=[
                _math(_percent("jobs", "FILL(jobs_failed, 0)"), label="jobs", jobs=completed, jobs_failed=failed),
                _math(_percent("clips", f"FILL(SUM({clips_failed}), 0)"), label="clips", clips=clips_completed),
            ],
            graph_widget_axis=cloudwatch.YAxisProps(min=0, max=100, label="%", show_units=False),
        ),
        CustomMetricGroup(
            title="Seconds",
            metrics=[
                _metric(name, service, statistic=statistic, label=f"{what}, {statistic}")
                for name, service, what in (("JobSeconds", "deliver", "job"), ("ClipSeconds", "keep_clip", "clip"))
                for statistic in ("p50", "p90")
            ],
        ),
        CustomMetricGroup(
            title="USD",
            metrics=[_metric("JobCost", "deliver", label="jobs"), _metric("ClipCost", "keep_clip", label="clips")],
        ),
    ]


CHOOSERS = ("api", "plan", "request_clip", "check_clip", "keep_clip", "sweep")
"""The functions that look into the catalogue."""

STOPPERS = ("close_job", "sweep")
"""The functions that stop and close runs."""


def _alarming(unattended: tuple[lambda_.Function, ...]) -> list[CustomMetricWithAlarm]:
    losers = ("keep_clip", "arrange", *STOPPERS)
    lost = {service: _metric("PaidNotKept", service, label=service) for service in losers}
    unusable = {f"{service}_overrides": _metric("OverridesUnusable", service, label=service) for service in CHOOSERS}
    dropped = {
        f"dropped_{number}": function.metric("AsyncEventsDropped", statistic="Sum", period=Duration.minutes(5))
        for number, function in enumerate(unattended)
    }
    return [
        _alarm(
            _metric(
                "OldestUnfinished",
                "sweep",
                label="seconds since the oldest unfinished run was accepted",
                statistic="Maximum",
            ),
            "OldestUnfinished",
            BOUND.total_seconds(),
            "A job has not ended within its bound. Its id is in the sweep's log, with what keeps it.",
        ),
        _alarm(
            _math(" + ".join(f"FILL({name}, 0)" for name in lost), label="clips paid but not kept", **lost),
            "PaidNotKept",
            0,
            "A provider has made a clip and is paid for it, and it was not kept: expired, broken, or too late.",
        ),
        _alarm(
            _math(" + ".join(f"FILL({name}, 0)" for name in unusable), label="overrides unusable", **unusable),
            "OverridesUnusable",
            0,
            "A document of this deployment's about its models is unusable; the one before it counts. The log says why.",
        ),
        _alarm(
            _metric("CallbacksRefused", "callback", label="callbacks refused"),
            "CallbacksRefused",
            20,
            "Callbacks are turned away: a signing secret that does not hold, or a stranger who tries.",
        ),
        _alarm(
            _math(" + ".join(f"FILL({name}, 0)" for name in dropped), label="events given up", **dropped),
            "EventsGivenUp",
            0,
            "The sweep, the stopping of a job or the keeping of a late clip failed three times over, and Lambda gave it up.",
        ),
    ]


def _alarm(
    metric: cloudwatch.Metric | cloudwatch.MathExpression, name: str, most: float, says: str
) -> CustomMetricWithAlarm:
    threshold = CustomThreshold(
        threshold=most,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        alarm_description_override=says,
        treat_missing_data_override=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    return CustomMetricWithAlarm(metric=metric, alarm_friendly_name=name, add_alarm={"TooMuch": threshold})


def _metric(name: str, service: str, *, label: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """`service` is the folder of the function that counts."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=Duration.minutes(5),
        label=label,
    )


def _percent(completed: str, failed: str) -> str:
    return f"100 * FILL({completed}, 0) / (FILL({completed}, 0) + {failed})"


def _math(expression: str, *, label: str, **metrics: cloudwatch.IMetric) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=expression, using_metrics=metrics, label=label, period=Duration.minutes(5)
    )
