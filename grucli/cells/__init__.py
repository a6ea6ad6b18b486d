"""What a recurrent cell is, without torch: its gates, their letters and order, its matrices."""
