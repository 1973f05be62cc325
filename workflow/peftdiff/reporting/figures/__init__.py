"""The figures: one module each, whose ``draw`` turns tidy tables into a Figure.

No module here reads or writes a file or touches ``matplotlib.pyplot``; whoever saves
a figure does so inside :func:`peftdiff.reporting.figures.style.context`.
"""
