"""The HTTP API: everything under /api/v3 but the providers' callbacks."""
