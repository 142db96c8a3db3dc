"""Ahead-of-time building of the compiled operations. Free of torch: a doctor and a builder need none of it."""
