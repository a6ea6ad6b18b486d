"""The loop a person would write with torch.nn.GRU, TensorDataset and DataLoader."""

import json
import resource
import sys
import time

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CONTEXT, HORIZON, HIDDEN, BATCH, HELD_OUT = 96, 24, 64, 32, 260


class Model(nn.Module):
    """A GRU and a linear layer on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, HORIZON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast [B, K] of contexts [B, T, 1]."""
        _, state = self.gru(x)
        return self.head(state[-1])


path, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
series = torch.tensor(pd.read_csv(path)["y"].to_numpy(), dtype=torch.float32)[:-HELD_OUT]
series = (series - series.mean()) / series.std()
windows = series.unfold(0, CONTEXT + HORIZON, 1)
data = TensorDataset(windows[:, :CONTEXT, None], windows[:, CONTEXT:])
loader = DataLoader(data, BATCH, shuffle=True)
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
done = 0
started, cpu_started = time.perf_counter(), time.process_time()
while done < steps:
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        done += 1
        if done == steps:
            break
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rates = {"steps_per_second": steps / seconds, "cpu_ms_per_step": 1e3 * cpu / steps}
print(json.dumps(rates | {"peak_mib": peak}))
