"""Images from anywhere become arrays.

- ``archives``, ``downloads``, ``hub``, ``parquet``: where image files come from
- ``files``, ``shards``: which image files there are
- ``walking``, ``folders``, ``splits``, ``label_tables``, ``left_out``, ``changes``:
  which of a user's files are images of which class, what else there is, and whether
  anything has changed
- ``own_task``, ``stratified``, ``duplicates``, ``sampling``: which images are used
- ``decoding``, ``modes``, ``pixels``, ``unreadable``: an image file becomes an array,
  when it is used, or it is said why it does not
- ``images``: labelled images, in memory and as the files that jobs hand to each other
- ``normalization``, ``preparation``: how image files become a task's data
"""
