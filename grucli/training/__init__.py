"""The training loop and what it needs: progress, schedules, optimisers, all parameters as one."""
