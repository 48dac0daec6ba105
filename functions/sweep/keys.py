"""Which providers have a key, written down for those who may not read any."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from functions.studio.errors import KeyUnreachable, NotConfigured
from functions.studio.pulse import Pulse
from functions.studio.telemetry import logger


def note_keys(providers: Mapping[str, str], key_of: Callable[[str], str], pulse: Pulse) -> None:
    """`providers` by the names of their keys; `key_of` raises NotConfigured where there is none. Nothing changes while a key's keeper does not answer."""
    missing = {}
    for provider, key in providers.items():
        try:
            key_of(key)
        except NotConfigured as error:
            missing[provider] = str(error)
        except KeyUnreachable as error:
            logger().warning("which keys there are is not known", extra={"reason": str(error)})
            return
    pulse.note_keys(missing)
