"""From the files of a store to tables, figures and verdicts. Reads the store only: no torch, no orchestrator."""
