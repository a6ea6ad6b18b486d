"""What ridge regression, which a model has to beat, is tried with on the validation span."""

RIDGE_PENALTIES = (1e-3, 1e-1, 1e1, 1e3)
