"""How fast the scores are, beside other ways to compute them: ``make bench``."""
