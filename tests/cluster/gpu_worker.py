"""The scripted worker, which first records the GPUs it was given."""

import os
import runpy
import sys
from pathlib import Path

from trainer.files import append_lines

SCRIPTED_WORKER = Path(__file__).parent.parent / "orchestrator" / "scripted_worker.py"

directory = Path(sys.argv[sys.argv.index("--dir") + 1])
append_lines(directory / "gpus.jsonl", [{"visible": os.environ.get("CUDA_VISIBLE_DEVICES")}])
runpy.run_path(str(SCRIPTED_WORKER), run_name="__main__")
