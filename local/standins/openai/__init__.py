"""OpenAI, stood in for: it writes scripts from what it is told, speaks with a real voice, and knows its own speech again."""

from local.standins.openai.api import OpenAi

__all__ = ["OpenAi"]
