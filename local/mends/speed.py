"""What moto does over and over, where AWS's own work costs the caller nothing."""

import functools
import logging

from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

from local.lambda_client import Functions


def a_json_path_is_parsed_once(functions: Functions) -> None:
    """A path costs the same at every use; moto builds a parser for each (half the CPU of 500 clips)."""
    json_path.parse = functools.lru_cache(maxsize=None)(json_path.parse)
    result_path.parse = functools.lru_cache(maxsize=None)(result_path.parse)


def a_definition_is_parsed_once(functions: Functions) -> None:
    """An execution starts at once, however long its definition; moto parses that again for each."""
    AmazonStateLanguageParser.parse = staticmethod(functools.lru_cache(maxsize=16)(AmazonStateLanguageParser.parse))


def a_failure_is_not_printed(functions: Functions) -> None:
    """How an execution failed is told by its description, its history and its event; moto also prints up to 5 KB of
    the state's insides for each, over the functions' own logs.
    """
    logging.getLogger("moto.stepfunctions.parser").setLevel(logging.CRITICAL)
