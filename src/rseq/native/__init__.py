"""Assembly -> code that runs: lowering, blobs, loading."""
