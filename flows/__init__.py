"""When things happen: one file a deployment."""
