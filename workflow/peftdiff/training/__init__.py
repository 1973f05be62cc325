"""Training: one model, one labelled set of images, one recipe, one seed.

The data order, the augmentation and the dropout of an epoch are functions of the seed
and the epoch's number alone, so a run resumed after any epoch ends with the numbers of
an undisturbed one.

- ``recipe``: how a model is trained
- ``seeds``: a random generator for each purpose
- ``losses``: what training lowers
- ``augmentation``: images changed at random, other ones in every epoch
- ``batches``: the batches of an epoch, and what they hold of the images
- ``optimizer``: the steps, and the learning rates of head and method
- ``checkpoint``: the state of a run in progress, and how it goes on
- ``loop``: the epochs

Nothing is imported here, because all but ``recipe`` needs torch.
"""
