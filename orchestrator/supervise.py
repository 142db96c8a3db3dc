"""python -m orchestrator.supervise TRIAL_DIR ATTEMPT: the entry point of every queued job."""

import sys

from orchestrator.supervisor.supervise import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
