"""The three older back ends that claim /api/video. Each dialect is one module that translates into the same use cases as v3
and has no logic of its own; `words` is what they share."""
