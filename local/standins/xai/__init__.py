"""xAI, stood in for: a vision model that really looks at its pictures and answers to the schema it is given."""

from local.standins.xai.api import Xai

__all__ = ["Xai"]
