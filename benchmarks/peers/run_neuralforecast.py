"""NeuralForecast's GRU on the same series; the time is that of ``fit``."""

import json
import logging
import resource
import sys
import time

import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import GRU

path, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
logging.disable(logging.WARNING)
table = pd.read_csv(path).rename(columns={"step": "ds"})[:-260].assign(unique_id="series")
model = GRU(
    h=24,
    input_size=96,
    encoder_hidden_size=64,
    encoder_n_layers=1,
    loss=MSE(),
    max_steps=steps,
    batch_size=1,
    windows_batch_size=32,
    scaler_type="identity",
    accelerator="cpu",
    enable_progress_bar=False,
    logger=False,
    enable_checkpointing=False,
)
forecaster = NeuralForecast(models=[model], freq=1)
started, cpu_started = time.perf_counter(), time.process_time()
forecaster.fit(table)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rates = {"steps_per_second": steps / seconds, "cpu_ms_per_step": 1e3 * cpu / steps}
print(json.dumps(rates | {"peak_mib": peak}))
