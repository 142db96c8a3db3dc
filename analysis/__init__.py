"""Turn the files of a store into tables, figures and verdicts. Needs neither torch nor orchestrator."""
