"""Darts' BlockRNNModel on the same series; the time is that of ``fit``."""

import json
import logging
import resource
import sys
import time

import numpy as np
import pandas as pd
import torch
from darts import TimeSeries
from darts.models import BlockRNNModel

path, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
logging.disable(logging.WARNING)
values = pd.read_csv(path)["y"].to_numpy()[:-260].astype(np.float32)
series = TimeSeries.from_values((values - values.mean()) / values.std())
per_epoch = -(-(len(values) - 96 - 24 + 1) // 32)
model = BlockRNNModel(
    input_chunk_length=96,
    output_chunk_length=24,
    model="GRU",
    hidden_dim=64,
    batch_size=32,
    n_epochs=max(1, steps // per_epoch),
    pl_trainer_kwargs={
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "logger": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
    },
)
started, cpu_started = time.perf_counter(), time.process_time()
model.fit(series)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
done = max(1, steps // per_epoch) * per_epoch
rates = {"steps_per_second": done / seconds, "cpu_ms_per_step": 1e3 * cpu / done}
print(json.dumps(rates | {"peak_mib": peak}))
