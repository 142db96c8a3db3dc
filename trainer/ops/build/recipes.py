"""How the libraries are compiled.

No fused multiply-add and no reordering of sums on CPUs: every variant computes the same to the bit.
"""

CPU_FLAGS = (
    *("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"),
    *("-fPIC", "-fvisibility=hidden", "-shared", "-Wall", "-Wextra"),
)
GENERIC = "generic"
CPU_VARIANTS: dict[str, set[str]] = {  # the best first, with what /proc/cpuinfo says of a processor that has it
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2", "f16c"},
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"},
}
X86_FLAGS = ("-mprefer-vector-width=512",)  # GCC takes 256 bits of AVX-512 otherwise; of no effect on AVX2

WANTED_ARCHITECTURES = (70, 75, 80, 86, 89, 90, 100, 120)  # and PTX of the last one the toolkit knows
CUDA_FLAGS = (
    *("-std=c++17", "-O3", "--fmad=false", "-cudart=static", "-shared", "-Xcompiler=-fPIC,-fvisibility=hidden"),
    *("-Xptxas=-v", "--resource-usage"),
)
