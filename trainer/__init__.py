"""Papers to model files: data sets, recipes, the loop and the evaluation."""
