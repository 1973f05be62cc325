"""A small search for NOAH's sizes, as the configuration describes one."""

LEVEL = {
    "sizes": [1, 2, 5],
    "depths": [0.25, 0.5, 0.75, 1.0],
    "recipe": {
        **{"epochs": 3, "batch_size": 16, "learning_rate": 0.01},
        **{"weight_decay": 0.01, "warmup": 0.1},
    },
    "evolution": {
        **{"population": 6, "generations": 2, "parents": 3, "mutations": 2},
        **{"crossovers": 2, "tries": 10, "parameter_limit": 100_000},
        "mutation": {"module": 0.5, "depth": 0.4, "size": 0.4},
    },
}
NOAH = {
    "search": "lite",
    "seed": 0,
    "validation_share": 0.25,
    "levels": {"lite": LEVEL},
}
DROPOUT = {"preset": "imagenet", "adapter": 3, "dropout": 0.1}
