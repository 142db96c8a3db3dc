// `Modulate` on a CPU.
#pragma once
#include <vector>

#include "channels.h"
#include "dispatch.h"
#include "parallel.h"

// scaled = x s
template <int known, class T, class R>
void scale_pixels(const T* __restrict__ x, const R* __restrict__ s, int64_t pixels, int64_t all, T* __restrict__ scaled) {
    const int64_t channels = known ? known : all;
    for (int64_t p = 0; p < pixels; p++, x += channels, scaled += channels)
#pragma GCC unroll 1
        for (int64_t c = 0; c < channels; c++) narrow(widen(x[c]) * s[c], scaled[c]);
}

// dots[c] = sum_p x y; `part` has room for the channels
template <int known, class T, class R>
void dot_pixels(const T* __restrict__ x, const T* __restrict__ y, int64_t pixels, int64_t all, R* part, R* dots) {
    const int64_t channels = known ? known : all;
    R own[known ? known : 1], *__restrict__ sum = known ? own : part;
    std::fill(dots, dots + channels, R(0));
    for (int64_t start = 0; start < pixels; start += BLOCK) {
        std::fill(sum, sum + channels, R(0));
        for (int64_t p = start; p < std::min(start + BLOCK, pixels); p++, x += channels, y += channels)
#pragma GCC unroll 1
            for (int64_t c = 0; c < channels; c++) sum[c] += widen(x[c]) * widen(y[c]);
        join(sum, dots, channels);
    }
}

template <class T, class R> void modulate_planes(const T* x, const T* y, const R* s, const Modulate& a, T* scaled, R* dots) {
    for (int64_t c = 0; c < a.channels; c++, x += a.after, y += a.after, scaled += a.after) {
        if (a.scaled)
            for (int64_t p = 0; p < a.after; p++) narrow(widen(x[p]) * s[c], scaled[p]);
        if (dots) dots[c] = lane_sum<R>(a.after, [&](int64_t p) { return widen(x[p]) * widen(y[p]); });
    }
}

template <class T> int modulate_cpu(const Modulate& a, int64_t threads) {
    typedef computed_t<T> R;
    int64_t size = a.before * a.channels * a.after, channels = a.channels;
    parallel(a.n, a.n * size, threads, [&](int64_t first, int64_t last) {
        std::vector<R> part(channels);
        for (int64_t n = first; n < last; n++) {
            const T *x = (const T*)a.x + n * size, *y = (const T*)a.y + (a.y ? n * size : 0);
            const R* s = (const R*)a.s + (a.s ? n * channels : 0);
            T* scaled = (T*)a.scaled + (a.scaled ? n * size : 0);
            R* dots = a.dots ? (R*)a.dots + n * channels : nullptr;
            if (a.after > 1) {
                modulate_planes(x, y, s, a, scaled, dots);
                continue;
            }
            with_channels(channels, [&](auto known) {
                if (a.scaled) scale_pixels<known()>(x, s, a.before, channels, scaled);
                if (dots) dot_pixels<known()>(x, y, a.before, channels, part.data(), dots);
            });
        }
    });
    return 0;
}
