"""A search for good settings by many processes on one study, through Optuna."""
