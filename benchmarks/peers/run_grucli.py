"""Train a recipe as `grucli train` does; prints steps a second and peak memory."""

import json
import resource
import sys
import tempfile
import time

from grucli.recipe import load_recipe
from grucli.results import Epoch, TrainingFinished
from grucli.runs import training

recipe, threads = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    loaded = load_recipe(recipe)
    events = training.train(loaded, run_dir=folder, threads=int(threads), overwrite=True)
    next(events)
    began = time.process_time()
    cpu = 0.0
    for event in events:
        if isinstance(event, Epoch):
            cpu = time.process_time() - began
        elif isinstance(event, TrainingFinished):
            finished = event
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rates = {
    "steps_per_second": finished.steps_per_second,
    "cpu_ms_per_step": 1e3 * cpu / finished.steps,
}
print(json.dumps(rates | {"peak_mib": peak}))
