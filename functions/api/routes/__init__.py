"""The calls, one file a resource: read the request, ask the studio, show the answer."""
