"""Who the local cloud believes its callers to be: one account, one region, one pair of keys, in one place."""

import os
from collections.abc import Mapping
from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
ACCESS_KEY: Final = "LOCALREELAY"
SECRET_KEY: Final = "local-reelay-signs-with-this"

AWS_OF_NOBODY: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""The environment of every process here: nothing of the user's own AWS configuration may reach the local cloud."""
