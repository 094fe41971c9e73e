"""What veteran costs, as ratios: `python -m benchmarks`. The README beside this file says how to read it."""
