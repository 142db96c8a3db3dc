// `Modulate` and `Finish` on a CPU. Sums over pixels are taken in blocks, so that float32 does not lose them.
#pragma once
#include <algorithm>
#include <vector>

#include "dispatch.h"
#include "finishing.h"
#include "parallel.h"

const int64_t BLOCK = 64;  // pixels whose sum is taken before it joins the sum of all

// Adds part to total and clears it.
template <class R> void flush(R* __restrict__ part, R* __restrict__ total, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        total[i] += part[i];
        part[i] = 0;
    }
}

// Sum of value(i) over i < count in sixteen lanes of fixed order, block by block.
template <class R, class Value> R lane_sum(int64_t count, const Value& value) {
    R total = 0;
    for (int64_t start = 0; start < count; start += 16 * BLOCK) {
        int64_t end = std::min(count, start + 16 * BLOCK), i = start;
        R lanes[16] = {};
        for (; i + 16 <= end; i += 16)
            for (int k = 0; k < 16; k++) lanes[k] += value(i + k);
        for (int k = 0; i + k < end; k++) lanes[k] += value(i + k);
        for (int k = 0; k < 16; k++) total += lanes[k];
    }
    return total;
}

template <class T> int modulate_cpu(const Modulate& a, int64_t threads) {
    typedef computed_t<T> R;
    int64_t size = a.before * a.channels * a.after, channels = a.channels;
    parallel(a.n, a.n * size, threads, [&](int64_t first, int64_t last) {
        std::vector<R> part(channels), none(channels, R(1));
        for (int64_t n = first; n < last; n++) {
            const T* __restrict__ x = (const T*)a.x + n * size;
            const T* __restrict__ y = (const T*)a.y + (a.y ? n * size : 0);
            const R* __restrict__ s = a.s ? (const R*)a.s + n * channels : none.data();
            T* __restrict__ scaled = (T*)a.scaled + (a.scaled ? n * size : 0);
            R* dots = a.dots ? (R*)a.dots + n * channels : nullptr;
            if (a.after == 1) {
                if (dots) std::fill(dots, dots + channels, R(0));
                R* __restrict__ sum = part.data();
                for (int64_t p = 0; p < a.before; p++, x += channels, y += channels, scaled += channels) {
                    if (a.scaled)
                        for (int64_t c = 0; c < channels; c++) narrow(widen(x[c]) * s[c], scaled[c]);
                    if (!dots) continue;
                    for (int64_t c = 0; c < channels; c++) sum[c] += widen(x[c]) * widen(y[c]);
                    if ((p + 1) % BLOCK == 0 || p + 1 == a.before) flush(sum, dots, channels);
                }
            } else {
                for (int64_t c = 0; c < channels; c++, x += a.after, y += a.after, scaled += a.after) {
                    if (a.scaled)
                        for (int64_t p = 0; p < a.after; p++) narrow(widen(x[p]) * s[c], scaled[p]);
                    if (dots) dots[c] = lane_sum<R>(a.after, [&](int64_t p) { return widen(x[p]) * widen(y[p]); });
                }
            }
        }
    });
    return 0;
}

template <class T> int finish_cpu(const Finish& a, int64_t threads) {
    typedef computed_t<T> R;
    const Shape<R> f = {R(a.alpha), R(1), R(a.clamp)};
    int64_t channels = a.channels, pixels = a.before * a.after, size = channels * pixels;
    parallel(a.n, a.n * size, threads, [&](int64_t first, int64_t last) {
        std::vector<R> zeros(channels, R(0)), ones(channels, R(1));
        const R* __restrict__ bias = a.bias ? (const R*)a.bias : zeros.data();
        for (int64_t n = first; n < last; n++) {
            const T* __restrict__ x = (const T*)a.x + n * size;
            const R* __restrict__ scale = a.scale ? (const R*)a.scale + n * channels : ones.data();
            const R* __restrict__ noise = (const R*)a.noise + (a.noise_per_sample ? n * pixels : 0);
            T* __restrict__ y = (T*)a.y + n * size;
            if (a.after == 1)
                for (int64_t p = 0; p < pixels; p++, x += channels, y += channels) {
                    R noisy = a.noise ? noise[p] : R(0);
                    for (int64_t c = 0; c < channels; c++) narrow(finished(R(widen(x[c])), scale[c], noisy, bias[c], f), y[c]);
                }
            else
                for (int64_t c = 0; c < channels; c++, x += pixels, y += pixels)
                    for (int64_t p = 0; p < pixels; p++)
                        narrow(finished(R(widen(x[p])), scale[c], a.noise ? noise[p] : R(0), bias[c], f), y[p]);
        }
    });
    return 0;
}

// One sample of the backward pass with channels innermost.
template <class T, class R> struct FinishBackward {
    const Finish& a;
    const Shape<R> f;
    const R* ones;

    void sample(int64_t n, R* part) const {
        int64_t channels = a.channels, pixels = a.before * a.after, size = channels * pixels;
        const T* x = (const T*)a.x + n * size;
        const T* y = (const T*)a.y + n * size;
        const T* dy = (const T*)a.dy + n * size;
        const R* scale = a.scale ? (const R*)a.scale + n * channels : ones;
        T* dx = (T*)a.dx + n * size;
        R* dnoise = a.dnoise ? (R*)a.dnoise + n * pixels : nullptr;
        R* dscale = (R*)a.dscale + n * channels;
        R* dbias = (R*)a.dbias + n * channels;
        if (a.after == 1)
            innermost(x, y, dy, scale, dx, dnoise, dscale, dbias, part);
        else
            planes(x, y, dy, scale, dx, dnoise, dscale, dbias);
    }

    void innermost(const T* __restrict__ x, const T* __restrict__ y, const T* __restrict__ dy, const R* __restrict__ scale,
                   T* __restrict__ dx, R* dnoise, R* dscale, R* dbias, R* part) const {
        int64_t channels = a.channels;
        R *__restrict__ s = part, *__restrict__ b = part + channels, *__restrict__ g = part + 2 * channels;
        std::fill(dscale, dscale + channels, R(0));
        std::fill(dbias, dbias + channels, R(0));
        for (int64_t p = 0; p < a.before; p++, x += channels, y += channels, dy += channels, dx += channels) {
            for (int64_t c = 0; c < channels; c++) {
                R slope = handed_on(R(widen(dy[c])), R(widen(y[c])), f);
                g[c] = slope;
                b[c] += slope;
                s[c] += slope * widen(x[c]);
                narrow(slope * scale[c], dx[c]);
            }
            if (dnoise) dnoise[p] = lane_sum<R>(channels, [&](int64_t c) { return g[c]; });
            if ((p + 1) % BLOCK && p + 1 != a.before) continue;
            flush(s, dscale, channels);
            flush(b, dbias, channels);
        }
    }

    void planes(const T* __restrict__ x, const T* __restrict__ y, const T* __restrict__ dy, const R* __restrict__ scale,
                T* __restrict__ dx, R* __restrict__ dnoise, R* dscale, R* dbias) const {
        int64_t pixels = a.after;
        if (dnoise) std::fill(dnoise, dnoise + pixels, R(0));
        for (int64_t c = 0; c < a.channels; c++, x += pixels, y += pixels, dy += pixels, dx += pixels) {
            auto slope = [&](int64_t p) { return handed_on(R(widen(dy[p])), R(widen(y[p])), f); };
            for (int64_t p = 0; p < pixels; p++) narrow(slope(p) * scale[c], dx[p]);
            if (dnoise)
                for (int64_t p = 0; p < pixels; p++) dnoise[p] += slope(p);
            dscale[c] = lane_sum<R>(pixels, [&](int64_t p) { return slope(p) * widen(x[p]); });
            dbias[c] = lane_sum<R>(pixels, slope);
        }
    }
};

template <class T> int finish_backward_cpu(const Finish& a, int64_t threads) {
    typedef computed_t<T> R;
    std::vector<R> ones(a.channels, R(1));
    FinishBackward<T, R> work = {a, {R(a.alpha), R(1), R(a.clamp)}, ones.data()};
    parallel(a.n, a.n * a.before * a.channels * a.after, threads, [&](int64_t first, int64_t last) {
        std::vector<R> part(3 * a.channels, R(0));
        for (int64_t n = first; n < last; n++) work.sample(n, part.data());
    });
    return 0;
}
