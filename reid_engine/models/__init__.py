"""Five published video re-ID methods behind one door: ``build_model(name)``."""
