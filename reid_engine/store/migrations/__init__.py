"""How the tables came to be what they are, one file a version; run by ``reid_engine.store.migrate``."""
