"""Tables as pages of text, for the terminal and the report."""
