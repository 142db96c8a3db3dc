"""python -m orchestrator.supervise TRIAL_DIR ATTEMPT: the name that every queued job knows, whatever code it froze."""

import sys

from orchestrator.supervisor.supervise import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
