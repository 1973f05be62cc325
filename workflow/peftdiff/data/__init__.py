"""Images from anywhere become arrays.

- ``archives``, ``downloads``, ``hub``, ``parquet``: where image files come from
- ``folders``, ``shards``: which image files there are, and their labels
- ``pixels``: image files are decoded, made RGB and resized
- ``images``: labelled images, in memory and as the files that jobs hand on
- ``normalization``, ``preparation``: how they become a task's data
"""
