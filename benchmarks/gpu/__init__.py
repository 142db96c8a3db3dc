"""What `make gpu-check` checks and measures, each part on any device: tests run all of it on the CPU at small sizes."""
