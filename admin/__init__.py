"""What the owner of a deployment does from a command line."""
