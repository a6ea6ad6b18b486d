"""Train a recipe as `grucli train` does; prints steps a second and peak memory."""

import json
import resource
import sys
import tempfile

from grucli.recipe import load_recipe
from grucli.reports import TrainingFinished
from grucli.runs import training

recipe, threads = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    loaded = load_recipe(recipe)
    events = training.train(loaded, run_dir=folder, threads=int(threads), overwrite=True)
    finished = next(event for event in events if isinstance(event, TrainingFinished))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"steps_per_second": finished.steps_per_second, "peak_mib": peak}))
