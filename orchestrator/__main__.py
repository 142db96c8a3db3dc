"""python -m orchestrator: the same as the command adasweep."""

import sys

from orchestrator.cli import main

sys.exit(main())
