"""The verbs as plain typed functions; seeds, threads and the device are chosen here."""
