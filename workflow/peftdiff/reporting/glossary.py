"""The words of the results, each explained once: tables, pages and docs quote this."""

GLOSSARY = {
    "PEFT method": (
        "Parameter-efficient fine-tuning (PEFT) lets a frozen model learn a task"
        " through a small number of added or chosen parameters. The methods that are"
        " compared are the pool."
    ),
    "backbone": "The backbone is the pre-trained model; it stays frozen.",
    "source": (
        "The source is the dataset on which each method is trained first, with the"
        " backbone frozen."
    ),
    "task": (
        "A task is a dataset to choose a method for, with its training and its test"
        " images."
    ),
    "metric": (
        "A transferability metric scores each method from the task's images through the"
        " method's source-trained model, without fine-tuning. A higher score is better."
    ),
    "ground truth": (
        "The ground truth is the test accuracy of each method after fine-tuning on the"
        " task, at the last epoch, or what a published table says it is."
    ),
    "chance": (
        "Chance is what guessing gets right: 100 % over the number of classes. The best"
        " constant answer, the most frequent class of the test images for all of them,"
        " gets as much or more. A method is beyond chance on a task if its accuracy is"
        " above both by more than the noise of test images and seeds."
    ),
    "told apart": (
        "Two methods are told apart on a task if the lower accuracy is behind by more"
        " than the noise of test images and seeds. The methods that cannot be told from"
        " the highest accuracy hold the best one with 95 % confidence."
    ),
    "seed": (
        "A seed is one replicate of a method's source training, embedding and"
        " fine-tuning."
    ),
    "weighted tau": (
        "The weighted tau says how far two rankings agree, with errors at the top"
        " counting more: 1 is full agreement, 0 is what chance gives, and -1 is the"
        " reverse order."
    ),
    "p": (
        "The p-value p is the share of random rankings whose mean weighted tau is at"
        " least as far from zero, where each task has a random ranking of its own."
    ),
    "p*": (
        "The p-value p* is the same share where one random order of the methods serves"
        " all tasks; it is the fair one for a metric that ranks the methods alike"
        " everywhere."
    ),
    "verdict": (
        "A metric is beyond chance if the larger of its two p-values, corrected by"
        " Holm's method for the number of metrics tried, is at most 0.05. It is beyond"
        " chance only if tried alone if that holds without the correction: whoever"
        " looks at many metrics finds a good one by luck."
    ),
    "95 % interval": (
        "The 95 % interval of a mean weighted tau is a bootstrap interval over tasks,"
        " that of a task's weighted tau one over seeds; there is none with fewer than"
        " three of them."
    ),
    "reliability": (
        "The reliability is the mean weighted tau between what one half of the seeds"
        " says and what the other half says: of the accuracies, or of a metric's"
        " scores."
    ),
    "ceiling": (
        "The ceiling is the weighted tau to which the noise of scores and accuracies"
        " limits a metric. It is a guide, and no strict bound."
    ),
    "regret": (
        "The regret is the number of percentage points of accuracy that are lost by"
        " taking a ranking's first choice, on average over tasks."
    ),
    "top 3": (
        "Top 3 is the percentage of tasks whose best method is among a ranking's first"
        " three choices."
    ),
    "static order": (
        "The static order ranks each method by its mean rank on the other tasks. It is"
        " a baseline, and looks at no image."
    ),
    "parameter count": (
        "The parameter count ranks each method by its number of trainable parameters."
        " It is a baseline, and looks at no image."
    ),
    "random": (
        "Random is what a ranking drawn by chance is expected to reach. It is a"
        " baseline, and looks at no image."
    ),
    "speed-up": (
        "The speed-up is the time of fine-tuning the pool over the time of embedding"
        " the images and scoring the pool, each for one seed."
    ),
}
