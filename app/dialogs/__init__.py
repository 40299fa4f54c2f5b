"""What opens above the window. Dialogs do not import one another, nor panes."""
