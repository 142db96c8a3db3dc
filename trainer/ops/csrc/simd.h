// Sums over taps of many channels, kept in registers.
#pragma once
#include "types.h"

// `lanes` values of type R side by side.
template <class R, int lanes> struct Lanes {
    typedef R type __attribute__((vector_size(lanes * sizeof(R)), aligned(sizeof(R))));
};

template <int lanes> HD typename Lanes<float, lanes>::type load_lanes(const float* x) {
    return *(const typename Lanes<float, lanes>::type*)x;
}
template <int lanes> HD typename Lanes<double, lanes>::type load_lanes(const double* x) {
    return *(const typename Lanes<double, lanes>::type*)x;
}
template <int lanes> HD typename Lanes<float, lanes>::type load_lanes(const bfloat_t* x) {
    typedef typename Lanes<uint16_t, lanes>::type halves;
    typedef typename Lanes<uint32_t, lanes>::type words;
    return (typename Lanes<float, lanes>::type)(__builtin_convertvector(*(const halves*)x, words) << 16);
}
template <int lanes> HD typename Lanes<float, lanes>::type load_lanes(const half_t* x) {
    typename Lanes<float, lanes>::type y;
    for (int i = 0; i < lanes; i++) y[i] = float(x[i]);
    return y;
}

// sum[c] = sum_j f[j f_step] x[j x_step + c] for `lanes` channels; `taps` is the count where it is known.
template <int lanes, int taps, class T, class R>
HD void weighted_lanes(const T* x, int64_t x_step, const R* f, int64_t f_step, int64_t count, R* sum) {
    typedef typename Lanes<R, lanes>::type V;
    if (taps) count = taps;
    V s = {};
    for (int64_t j = 0; j < count; j++) s += f[j * f_step] * load_lanes<lanes>(x + j * x_step);
    *(V*)sum = s;
}

template <int taps, class T, class R>
HD void weighted_channels(const T* x, int64_t x_step, const R* f, int64_t f_step, int64_t count, int64_t channels, R* sum) {
    int64_t c = 0;
    for (; c + 16 <= channels; c += 16) weighted_lanes<16, taps>(x + c, x_step, f, f_step, count, sum + c);
    for (; c + 8 <= channels; c += 8) weighted_lanes<8, taps>(x + c, x_step, f, f_step, count, sum + c);
    for (; c < channels; c++) {
        R s = 0;
        for (int64_t j = 0; j < count; j++) s += f[j * f_step] * widen(x[j * x_step + c]);
        sum[c] = s;
    }
}

// The same for all channels.
template <class T, class R>
inline void weighted_sum(const T* x, int64_t x_step, const R* f, int64_t f_step, int64_t count, int64_t channels, R* sum) {
    if (count == 2) return weighted_channels<2>(x, x_step, f, f_step, count, channels, sum);
    if (count == 4) return weighted_channels<4>(x, x_step, f, f_step, count, channels, sum);
    return weighted_channels<0>(x, x_step, f, f_step, count, channels, sum);
}
