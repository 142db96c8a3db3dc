"""What a sweep took, by item: GPU-years and MWh (StyleGAN2, Table 5)."""

from analysis.figures.shapes.energy_table import EnergyTable

FIGURE = EnergyTable("Energy by item", columns=("gpu_years", "cpu_hours", "mwh", "estimated"))
