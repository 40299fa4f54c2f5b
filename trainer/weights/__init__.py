"""How the bundled weights are made: `make weights` runs what is here, step by step."""
