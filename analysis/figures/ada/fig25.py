"""What a sweep took, by category: runs, GPU-years, MWh (ADA, Table 25)."""

from analysis.figures.shapes.energy_table import EnergyTable

FIGURE = EnergyTable("Energy by category", columns=("runs", "gpu_years", "cpu_hours", "mwh", "estimated"))
