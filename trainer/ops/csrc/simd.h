// Sums over taps of many channels, kept in registers.
#pragma once
#include "types.h"

const int64_t LANES = 16;

template <class R> struct Lanes {
    typedef R type __attribute__((vector_size(LANES * sizeof(R)), aligned(sizeof(R))));
};

HD Lanes<float>::type load_lanes(const float* x) { return *(const Lanes<float>::type*)x; }
HD Lanes<double>::type load_lanes(const double* x) { return *(const Lanes<double>::type*)x; }
HD Lanes<float>::type load_lanes(const bfloat_t* x) {
    typedef uint16_t halves __attribute__((vector_size(LANES * 2), aligned(2)));
    typedef uint32_t words __attribute__((vector_size(LANES * 4)));
    return (Lanes<float>::type)(__builtin_convertvector(*(const halves*)x, words) << 16);
}
HD Lanes<float>::type load_lanes(const half_t* x) {
    Lanes<float>::type y;
    for (int i = 0; i < LANES; i++) y[i] = float(x[i]);
    return y;
}

// sum[c] = sum_j f[j f_step] x[j x_step + c], j < count, c < channels; `taps` is the count where it is known.
template <int taps, class T, class R>
HD void weighted_lanes(const T* x, int64_t x_step, const R* f, int64_t f_step, int64_t count, int64_t channels, R* sum) {
    typedef typename Lanes<R>::type V;
    if (taps) count = taps;
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        V s = {};
        for (int64_t j = 0; j < count; j++) s += f[j * f_step] * load_lanes(x + j * x_step + c);
        *(V*)(sum + c) = s;
    }
    for (; c < channels; c++) {
        R s = 0;
        for (int64_t j = 0; j < count; j++) s += f[j * f_step] * widen(x[j * x_step + c]);
        sum[c] = s;
    }
}

template <class T, class R>
inline void weighted_sum(const T* x, int64_t x_step, const R* f, int64_t f_step, int64_t count, int64_t channels, R* sum) {
    if (count == 2) return weighted_lanes<2>(x, x_step, f, f_step, count, channels, sum);
    if (count == 4) return weighted_lanes<4>(x, x_step, f, f_step, count, channels, sum);
    return weighted_lanes<0>(x, x_step, f, f_step, count, channels, sum);
}
