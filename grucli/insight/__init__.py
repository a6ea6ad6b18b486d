"""What a network does and how it learns: recorders of training, and traces of a trained one."""
