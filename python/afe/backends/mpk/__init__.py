"""What the SDK documents of its archive backend."""
