"""What runs: the backbone, the CNN, the device they run on, a pass forward.

Nothing is imported here, because some of it needs torch and some must not load it.
"""
