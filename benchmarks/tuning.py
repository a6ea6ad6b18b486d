"""What a trial of ``grucli tune`` costs beside its training, for two processes on one study.

    python benchmarks/tuning.py [--trials N] [--epochs N]

Each process runs trials that train nothing and report as many epochs, on a journal file, and for
comparison on SQLite as Optuna has it. Printed are milliseconds a trial of the whole study.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

from grucli.recipe import recipe_from_mapping
from grucli.tuning.study import Search

PROCESSES = 2


def recipe(trials):
    """Three keys to search; nothing is read or trained."""
    return recipe_from_mapping(
        {
            "name": "empty",
            "data": {"path": "/none.csv", "time": "t", "target": "y"},
            "task": {"context": 8, "horizon": 2},
            "tune": {
                "trials": trials,
                "train.lr": {"log": [1e-4, 1e-1]},
                "model.hidden": [32, 64, 128],
                "model.dropout": {"range": [0.0, 0.5]},
            },
        }
    )


def work(folder, trials, epochs, url):
    """Trials whose score is a made-up curve of their learning rate."""
    asked = recipe(trials)

    def objective(trial, _space):
        lr = trial.suggest_float("train.lr", 1e-4, 1e-1, log=True)
        trial.suggest_categorical("model.hidden", ["32", "64", "128"])
        trial.suggest_float("model.dropout", 0.0, 0.5)
        for epoch in range(1, epochs + 1):
            trial.report(lr + 1 / epoch, epoch)
            trial.should_prune()
        return lr

    options = {"trials": trials, "table": "", "url": url}
    with Search(asked, asked.tune.space, folder, **options) as search:
        while search.run_next(objective) is not False:
            pass


def milliseconds(trials, epochs, database):
    """Of a trial, from the start of the processes' work to the end of it."""
    with tempfile.TemporaryDirectory(prefix="grucli-tuning-") as folder:
        url = f"sqlite:///{folder}/study.db" if database else None
        work(Path(folder), 1, epochs, url)
        spawn = multiprocessing.get_context("fork")
        started = time.perf_counter()
        workers = [
            spawn.Process(target=work, args=(Path(folder), trials + 1, epochs, url))
            for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return 1000 * (time.perf_counter() - started) / trials


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 10])
    options = parser.parse_args()
    for epochs in options.epochs:
        for name, database in (("journal file", False), ("SQLite", True)):
            cost = milliseconds(options.trials, epochs, database)
            print(f"{name:<14} {epochs:>3} epochs  {cost:8.1f} ms a trial, {PROCESSES} processes")


if __name__ == "__main__":
    main()
