"""csrc/parallel.h: every element is computed once, in the threads of an OpenMP that is there, or else in its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from trainer.ops.build.place import SOURCES

PROGRAM = """
#include "parallel.h"
#include <cstdio>
#include <unistd.h>

int main() {
    static int64_t count[1001], parts;
    std::atomic<int> threads{0};
    parallel(1001, 1 << 20, 3, [&](int64_t first, int64_t last) {
        static thread_local bool seen = false;
        if (!seen) threads++;
        seen = true;
        usleep(200000);
        for (int64_t i = first; i < last; i++) count[i]++;
    });
    parallel(5, WORTH_A_THREAD, 8, [&](int64_t first, int64_t last) { parts += last - first == 5; });
    int64_t once = 0;
    for (int64_t each : count) once += each == 1;
    printf("%ld computed once by %d threads, %ld whole\\n", long(once), threads.load(), long(parts));
    printf("%s\\n", dlsym(RTLD_DEFAULT, "GOMP_parallel") ? "OpenMP" : "own threads");
}
"""

compiler = shutil.which("g++") or shutil.which("clang++")


@pytest.mark.skipif(compiler is None, reason="no C++ compiler")
@pytest.mark.parametrize("whose", ["own threads", "OpenMP"])
def test_every_element_is_computed_once_by_three_threads(tmp_path: Path, whose: str) -> None:
    assert compiler is not None
    source, program = tmp_path / "program.cpp", tmp_path / "program"
    source.write_text(PROGRAM)
    library = ["-Wl,--no-as-needed", "-l:libgomp.so.1"] if whose == "OpenMP" else []
    command = [compiler, "-std=c++17", f"-I{SOURCES}", str(source), *library, "-lpthread", "-ldl", "-o", str(program)]
    linked = subprocess.run(command, check=False, capture_output=True, text=True)
    if library and "libgomp" in linked.stderr:
        pytest.skip("this compiler has no OpenMP")
    assert linked.returncode == 0, linked.stderr
    said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == ["1001 computed once by 3 threads, 1 whole", whose]
