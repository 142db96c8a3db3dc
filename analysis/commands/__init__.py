"""The commands of the analysis: one file each, imported only when called."""

from trainer.command_line.group import Command
from trainer.command_line.program import Former

PANEL = "Commands"

COMMANDS = (
    Command("collect", "analysis.commands.collect", "Collect the results of all trials into tables.", PANEL),
    Command("figures", "analysis.commands.figures", "Draw, trace and verify the figures of a sweep.", PANEL),
    Command("table", "analysis.commands.table", "Print the results of a sweep, one row per cell.", PANEL),
    Command("claims", "analysis.commands.claims", "Test the claims of a sweep against its results.", PANEL),
    Command("energy", "analysis.commands.energy", "Show the energy of sweeps: kWh, CO2, GPU-years.", PANEL),
    Command("report", "analysis.commands.report", "Write a report of sweeps as one page.", PANEL),
    Command("dashboard", "analysis.commands.dashboard", "Browse sweeps in a browser, live or as static pages.", PANEL),
)

FORMER: Former = {
    ("figures", "--which"): "figures trace FILE",
    ("figures", "--verify"): "figures verify [SWEEP]",
    ("figures", "--sweep"): "figures draw SWEEP",
    ("table", "--sweep"): "table SWEEP",
    ("claims", "--sweep"): "claims SWEEP",
}
