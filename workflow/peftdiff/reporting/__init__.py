"""What people look at: figures, pages of text, the summary page."""
