"""A throw-away MLflow server on this machine, on an SQLite file or on a PostgreSQL server of its own, for tests."""
