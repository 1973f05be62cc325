"""Tables from tables: what scores and accuracies say about each other."""
