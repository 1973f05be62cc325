"""What a metric says when its value must not rank anything."""


class SaturatedScore(UserWarning):
    """The value is what any labels would get, or nearly so: it says nothing."""


class UndefinedScore(ValueError):
    """The metric does not exist for such data, as with fewer samples than it needs."""
