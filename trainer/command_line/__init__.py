"""What the command lines of adasweep, trainer and analysis have in common. Free of torch and quick to import."""
