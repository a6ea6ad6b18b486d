"""What views and verbs are made of: pages, columns, charts, numbers, consoles, options."""
