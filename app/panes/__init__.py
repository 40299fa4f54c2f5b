"""The parts of the window. They do not import one another; the main window connects their signals."""
