"""Amazon Polly, stood in for: it speaks with a real voice, and marks what it says."""

from local.standins.polly.api import Polly

__all__ = ["Polly"]
