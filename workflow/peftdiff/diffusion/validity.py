"""How a score reports that it does not exist."""


class UndefinedScore(ValueError):
    """The score is not defined for these data, such as for too few samples."""
