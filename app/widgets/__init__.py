"""What panes are made of: they paint and tell what was pointed at, and know no pane."""
