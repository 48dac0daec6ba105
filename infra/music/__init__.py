"""Music of our own, synthesised when the layers are built: loops that end where they begin."""
