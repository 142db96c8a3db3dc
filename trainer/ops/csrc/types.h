// Types of elements, and the type they are computed in: float for all but double.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#define HD __host__ __device__ __forceinline__
typedef __half half_t;
#else
#define HD inline __attribute__((always_inline))
typedef _Float16 half_t;
#endif

struct bfloat_t {
    uint16_t bits;
};

template <class T> struct Computed { typedef float type; };
template <> struct Computed<double> { typedef double type; };
template <class T> using computed_t = typename Computed<T>::type;

HD float widen(float x) { return x; }
HD double widen(double x) { return x; }
HD float widen(bfloat_t x) {
    uint32_t bits = uint32_t(x.bits) << 16;
    float y;
    memcpy(&y, &bits, 4);
    return y;
}
#ifdef __CUDACC__
HD float widen(half_t x) { return __half2float(x); }
#else
HD float widen(half_t x) { return float(x); }
#endif

HD void narrow(float x, float& y) { y = x; }
HD void narrow(double x, double& y) { y = x; }
HD void narrow(float x, bfloat_t& y) {  // to nearest, ties to even; NaN stays NaN
    uint32_t bits;
    memcpy(&bits, &x, 4);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    y.bits = uint16_t(x == x ? rounded : 0x7fc0);
}
#ifdef __CUDACC__
HD void narrow(float x, half_t& y) { y = __float2half_rn(x); }
#else
HD void narrow(float x, half_t& y) { y = half_t(x); }
#endif
