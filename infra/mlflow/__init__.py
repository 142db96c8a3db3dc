"""A throw-away MLflow server on this machine, with an SQLite file or its own PostgreSQL server, for tests."""
