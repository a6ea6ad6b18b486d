"""What can be learned: one folder a task, with files of the same names in each."""
