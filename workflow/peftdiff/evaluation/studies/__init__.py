"""The studies of PEFTDiff's score: what its parts, settings and choices are worth.

And of its surroundings: what scoring costs, how complex the embeddings are.
Each takes tables or embeddings and gives a tidy table; the score itself, and how it is
compared with the accuracies, are those of the main results.
"""
