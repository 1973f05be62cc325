"""The tasks and source data sets of the embedded experiment, drawn from seeds."""
