"""Qt models over plain rows: lists and tables that views ask for what they show."""
