"""Functions over rows of data: sums, and gradients by what all rows share."""
