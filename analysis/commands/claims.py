"""claims: test the claims of a sweep against its results."""

from typing import Annotated

import typer

from analysis.claims.published import compare_published, comparison_lines
from analysis.claims.verdicts import judge_sweep, verdict_line
from analysis.commands.sweep_results import IdentityOption, ScoreOption, load_results
from analysis.console import print_json, print_line
from analysis.results.load import loader
from analysis.tables.store import open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument
from trainer.command_line.sweeps import stored_name
from trainer.config.claims.grammar import EXAMPLE

EXAMPLES = f"""Examples:
  adasweep claims demo
  adasweep claims demo --claim "{EXAMPLE}"
"""
ClaimOption = Annotated[
    list[str] | None, typer.Option("--claim", metavar="CLAIM", help="Another claim to test; may be repeated.")
]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def claims(
    sweep: SweepArgument,
    claim: ClaimOption = None,
    score: ScoreOption = None,
    identity: IdentityOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Test the claims of a sweep, and show the evidence for each verdict. A failed claim is a result, not an error."""
    place, name = open_store(store), stored_name(store, sweep)
    runs, curves = load_results(place, name, score, identity, quiet=as_json)
    load = loader(place, name, (runs, curves))
    found, beside = judge_sweep(runs.plan.claims, claim or [], load), compare_published(load)
    if as_json:
        not_tested = [{"claim": text, "reason": reason} for text, reason in found.not_tested]
        print_json(
            {
                "tested": [one.as_json() for one in found.judged],
                "not_tested": not_tested,
                "published": [one.as_json() for one in beside],
            }
        )
        return 0
    for line in (*map(verdict_line, found.judged), *(f"NOT TESTED  {text}  ({why})" for text, why in found.not_tested)):
        print_line(line)
    for line in comparison_lines(beside):
        print_line(line)
    if not found.judged:
        print_line(f'give a claim with --claim, as in: --claim "{EXAMPLE}"')
    return 0
