"""The workflow engine, shown to people."""
