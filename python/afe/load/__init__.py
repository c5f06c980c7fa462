"""Where the SDK documents how models are named for loading."""
