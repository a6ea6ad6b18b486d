"""What tasks share that read whole series: parts, samples, model, metrics of classes, features."""
