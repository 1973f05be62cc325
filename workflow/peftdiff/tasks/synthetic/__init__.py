"""The embedded tasks and sources, which are drawn by functions of a seed."""
