"""Images from anywhere become arrays.

- ``archives``, ``downloads``, ``hub``, ``parquet``: where image files come from
- ``files``, ``folders``, ``shards``, ``sampling``: which image files there are, and
  which of them are used
- ``decoding``, ``pixels``: an image file becomes an array, when it is used
- ``images``: labelled images, in memory and as the files that jobs hand to each other
- ``normalization``, ``preparation``: how image files become a task's data
"""
