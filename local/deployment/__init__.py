"""The template, deployed: `deploy` makes what it says, `resources` says what each type means here, and `records` are
what the gateway, the workers and the pollers read of it."""
