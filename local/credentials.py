"""Who the local cloud believes its callers to be: one account, one region, one pair of keys, in one place."""

from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
ACCESS_KEY: Final = "LOCALREELAY"
SECRET_KEY: Final = "local-reelay-signs-with-this"
