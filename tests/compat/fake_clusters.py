"""Fake clusters: SLURM's commands for a single array, and a Ray head."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

ARRAY = 4711
"""The id of the only array of this SLURM; its elements 0 and 1 are pending."""

SRUN = """
while [ "${1#--}" != "$1" ]; do
    case $1 in --output|--error) shift ;; esac
    shift
done
exec "$@"
"""
COMMANDS = {
    "sbatch": f"echo Submitted batch job {ARRAY}",
    "squeue": f"echo '{ARRAY}|0|PENDING|0|'; echo '{ARRAY}|1|PENDING|0|'",
    "sacct": ":",
    "scancel": ":",
    "scontrol": ":",
    "srun": SRUN,
}


def write_slurm(folder: Path) -> None:
    """Write the commands into `folder`, which must come first in PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in COMMANDS.items():
        command = folder / name
        command.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        command.chmod(0o755)


@contextmanager
def ray_head() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the address of a Ray head that accepts every job and runs none, and the list of submitted jobs."""
    asked: list[dict[str, Any]] = []

    class Head(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            usage = {"CPU": [0.0, 2.0], "GPU": [0.0, 0.0]}
            status = {"clusterStatus": {"loadMetricsReport": {"usage": usage}}}
            known: dict[str, dict[str, Any]] = {
                "/api/cluster_status": {"data": status},
                "/api/jobs/recorded": {"status": "RUNNING"},
            }
            self._answer(known.get(self.path))

        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer({"submission_id": "recorded"})

        def _answer(self, body: dict[str, Any] | None) -> None:
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Do not log requests."""

    server = HTTPServer(("127.0.0.1", 0), Head)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
