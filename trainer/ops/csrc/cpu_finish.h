// `Finish` on a CPU.
#pragma once
#include <vector>

#include "channels.h"
#include "dispatch.h"
#include "finishing.h"
#include "parallel.h"

// Where one sample lies. Channels that have no scale or bias have ones and zeros.
template <class T, class R> struct Sample {
    const T *x, *y, *dy;
    const R *scale, *noise, *bias;
    T* out;
    R *dnoise, *dscale, *dbias;
};

template <class T, class R = computed_t<T>> struct FinishCpu {
    const Finish& a;
    const Shape<R> f;
    const std::vector<R> zeros, ones;
    const int64_t channels, pixels;

    explicit FinishCpu(const Finish& arguments)
        : a(arguments), f{R(a.alpha), R(1), R(a.clamp)}, zeros(a.channels, R(0)), ones(a.channels, R(1)),
          channels(a.channels), pixels(a.before * a.after) {}

    Sample<T, R> sample(int64_t n) const {
        int64_t at = n * channels * pixels, c = n * channels;
        const R* noise = a.noise ? (const R*)a.noise + (a.noise_per_sample ? n * pixels : 0) : nullptr;
        return {(const T*)a.x + at, (const T*)a.y + at, a.dy ? (const T*)a.dy + at : nullptr,
                a.scale ? (const R*)a.scale + c : ones.data(), noise, a.bias ? (const R*)a.bias : zeros.data(),
                (T*)(a.dy ? a.dx : a.y) + at, a.dnoise ? (R*)a.dnoise + n * pixels : nullptr,
                (R*)a.dscale + (a.dscale ? c : 0), (R*)a.dbias + (a.dbias ? c : 0)};
    }

    template <int known> void forward(const Sample<T, R>& at) const {
        const int64_t wide = known ? known : channels;
        const T* __restrict__ x = at.x;
        const R *__restrict__ scale = at.scale, *__restrict__ bias = at.bias;
        const Shape<R> shape = f;
        T* y = at.out;  // may be x
        for (int64_t p = 0; p < pixels; p++, x += wide, y += wide) {
            R noise = at.noise ? at.noise[p] : R(0);
            write(wide, y, [=](int64_t c) { return finished(R(widen(x[c])), scale[c], noise, bias[c], shape); });
        }
    }

    void forward_planes(const Sample<T, R>& at) const {
        const T* x = at.x;
        T* y = at.out;
        for (int64_t c = 0; c < channels; c++, x += pixels, y += pixels)
            write(pixels, y, [x, noise = at.noise, scale = at.scale[c], bias = at.bias[c], shape = f](int64_t p) {
                return finished(R(widen(x[p])), scale, noise ? noise[p] : R(0), bias, shape);
            });
    }

    // `part` has room for three times the channels.
    template <int known> void backward(const Sample<T, R>& at, R* part) const {
        const int64_t wide = known ? known : channels;
        const T *__restrict__ x = at.x, *__restrict__ y = at.y, *__restrict__ dy = at.dy;
        const R* __restrict__ scale = at.scale;
        const Shape<R> shape = f;
        T* __restrict__ dx = at.out;
        R own[known ? 3 * known : 1], *room = known ? own : part;
        R *__restrict__ s = room, *__restrict__ b = room + wide, *__restrict__ g = room + 2 * wide;
        std::fill(at.dscale, at.dscale + wide, R(0));
        std::fill(at.dbias, at.dbias + wide, R(0));
        for (int64_t start = 0; start < pixels; start += BLOCK) {
            std::fill(s, s + 2 * wide, R(0));
            for (int64_t p = start; p < std::min(start + BLOCK, pixels); p++, x += wide, y += wide, dy += wide, dx += wide) {
#pragma GCC ivdep
#pragma GCC unroll 1
                for (int64_t c = 0; c < wide; c++) {
                    R slope = handed_on(R(widen(dy[c])), R(widen(y[c])), shape);
                    g[c] = slope;
                    b[c] += slope;
                    s[c] += slope * widen(x[c]);
                }
                write(wide, dx, [=](int64_t c) { return g[c] * scale[c]; });
                if (at.dnoise) at.dnoise[p] = folded<known>(g, wide);
            }
            join(s, at.dscale, wide);
            join(b, at.dbias, wide);
        }
    }

    void backward_planes(const Sample<T, R>& at) const {
        const T *x = at.x, *y = at.y, *dy = at.dy;
        T* dx = at.out;
        if (at.dnoise) std::fill(at.dnoise, at.dnoise + pixels, R(0));
        for (int64_t c = 0; c < channels; c++, x += pixels, y += pixels, dy += pixels, dx += pixels) {
            auto slope = [=, shape = f](int64_t p) { return handed_on(R(widen(dy[p])), R(widen(y[p])), shape); };
            write(pixels, dx, [=, scale = at.scale[c]](int64_t p) { return slope(p) * scale; });
            if (at.dnoise)
                for (int64_t p = 0; p < pixels; p++) at.dnoise[p] += slope(p);
            at.dscale[c] = lane_sum<R>(pixels, [&](int64_t p) { return slope(p) * widen(x[p]); });
            at.dbias[c] = lane_sum<R>(pixels, slope);
        }
    }
};

template <class T> int finish_cpu(const Finish& a, int64_t threads) {
    const FinishCpu<T> work(a);
    parallel(a.n, a.n * work.channels * work.pixels, threads, [&](int64_t first, int64_t last) {
        for (int64_t n = first; n < last; n++) {
            auto at = work.sample(n);
            if (a.after > 1)
                work.forward_planes(at);
            else
                with_channels(a.channels, [&](auto known) { work.template forward<known()>(at); });
        }
    });
    return 0;
}

template <class T> int finish_backward_cpu(const Finish& a, int64_t threads) {
    const FinishCpu<T> work(a);
    parallel(a.n, a.n * work.channels * work.pixels, threads, [&](int64_t first, int64_t last) {
        std::vector<computed_t<T>> part(3 * a.channels);
        for (int64_t n = first; n < last; n++) {
            auto at = work.sample(n);
            if (a.after > 1)
                work.backward_planes(at);
            else
                with_channels(a.channels, [&](auto known) { work.template backward<known()>(at, part.data()); });
        }
    });
    return 0;
}
