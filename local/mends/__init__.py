"""What moto does otherwise than AWS, mended: one function a mend, whose docstring says what AWS does.

`DATA` and `STATES` are all of them, by process; a process applies its table before it serves anything.
"""

from collections.abc import Callable
from typing import Final

from local.lambda_client import Functions
from local.mends import events, executions, objects, queues, requests, speed, tables, tasks, tokens

DataMend = Callable[[], None]
StatesMend = Callable[[Functions], None]

DATA: Final[tuple[DataMend, ...]] = (
    requests.a_request_finds_its_service_at_once,
    requests.a_request_finds_its_action_at_once,
    tables.a_row_is_answered_as_it_is_kept,
    tables.a_conditional_write_is_atomic,
    tables.a_transaction_costs_what_it_touches,
    tables.a_query_reads_its_own_rows,
    tables.a_transaction_sent_twice_is_done_once,
    queues.attributes_are_not_counted_on_every_send,
    queues.a_look_into_a_queue_asks_for_the_time_once,
    objects.only_the_buckets_cors_rules_open_it_to_browsers,
    objects.an_uploaded_form_is_tagged,
    objects.a_list_of_versions_leaves_what_they_hold,
)

STATES: Final[tuple[StatesMend, ...]] = (
    tasks.functions_run_behind_the_invoke_server,
    tasks.a_function_named_by_its_arn_fails_with_lambdas_own_errors,
    tasks.a_broken_machine_is_not_caught,
    tokens.a_token_is_answered_once_and_in_time,
    tokens.a_retry_waits_on_a_new_token,
    tokens.an_answer_before_the_wait_counts,
    tokens.a_missed_heartbeat_is_a_heartbeat_timeout,
    tokens.a_failure_keeps_its_cause,
    executions.a_stopped_execution_is_aborted_at_once,
    executions.an_ended_execution_leaves_no_token_open,
    executions.a_name_starts_one_execution,
    executions.a_timed_out_execution_says_when_it_stopped,
    executions.an_output_is_described_as_json,
    executions.an_item_has_an_execution_of_its_own,
    events.a_rule_invokes_its_function,
    events.a_change_of_status_is_an_event,
    speed.a_json_path_is_parsed_once,
    speed.a_definition_is_parsed_once,
    speed.a_failure_is_not_printed,
)
