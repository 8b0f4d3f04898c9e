"""The local models: embedder, reader, entailment. Loaded late, pinned by SHA-256, nothing fetched."""
