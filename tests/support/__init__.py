"""What the suite stands on: drawn footage with exact truth, a detector that finds drawn figures, a tiny embedder."""
