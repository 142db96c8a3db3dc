"""Compiler flags and variants of the libraries.

The compiler may neither fuse multiply-adds nor reorder sums on CPUs (matrix products name theirs): all variants compute
bit-identical results.
"""

CPU_FLAGS = (
    *("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"),
    *("-fPIC", "-fvisibility=hidden", "-shared", "-Wall", "-Wextra"),
)
GENERIC = "generic"
CPU_VARIANTS: dict[str, set[str]] = {  # best first, with the flags that /proc/cpuinfo must list
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2", "f16c"},
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"},
}
X86_FLAGS = ("-mprefer-vector-width=512",)  # GCC uses 256-bit vectors with AVX-512 otherwise; no effect on AVX2

WANTED_ARCHITECTURES = (70, 75, 80, 86, 89, 90, 100, 120)  # and PTX of the newest one that the toolkit supports
CUDA_FLAGS = (
    *("-std=c++17", "-O3", "--fmad=false", "-cudart=static", "-shared", "-Xcompiler=-fPIC,-fvisibility=hidden"),
    *("-Xptxas=-v", "--resource-usage"),
)
