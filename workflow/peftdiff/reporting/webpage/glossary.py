"""The words of the page."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "PEFT method",
        "parameter-efficient fine-tuning: a frozen model learns a task through a small"
        " number of added or chosen parameters. The methods in use are the pool.",
    ),
    ("backbone", "the frozen pre-trained model."),
    (
        "source",
        "the dataset on which each method is first trained, with the backbone frozen.",
    ),
    ("task", "a dataset to choose a method for, with its training and test images."),
    (
        "metric",
        "a transferability metric: it scores each method from the task's images through"
        " the method's source-trained model, without fine-tuning. Higher is better.",
    ),
    (
        "ground truth",
        "test accuracy of each method fine-tuned on the task, after the last epoch; or"
        " what a published table says it is, where the page names one.",
    ),
    (
        "seed",
        "one replicate of a method's source training, embedding and fine-tuning.",
    ),
    (
        "weighted tau",
        "how far two rankings agree, errors at the top counting more: 1 is full"
        " agreement, 0 is chance, -1 the reverse order.",
    ),
    (
        "chance, p",
        "how often random rankings come as far from zero. One order: one such ranking"
        " serves all tasks, the fair comparison for what ranks alike everywhere.",
    ),
    (
        "corrected for the number tried",
        "whoever looks at many metrics finds a good one by luck. A metric counts as"
        " beyond chance if its larger p, corrected by Holm's method, is at most 0.05.",
    ),
    (
        "95 % interval",
        "bootstrap, over tasks or over seeds; none with fewer than three of them.",
    ),
    (
        "reliability",
        "weighted tau between what one half of the seeds says and what the other says.",
    ),
    (
        "ceiling",
        "the tau to which the noise of scores and accuracies limits a metric; a guide.",
    ),
    (
        "points lost",
        "regret: percentage points of accuracy lost by taking the first choice.",
    ),
    ("static order", "ranks each method by its mean rank on the other tasks."),
    ("parameter count", "ranks each method by its number of trainable parameters."),
)
