// Sums over the taps of a filter for whole rows of an image, in loops that the compiler vectorises.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "types.h"

// Zeros that begin where a line of the cache does.
template <class R> class Aligned {
    std::vector<R> room;

  public:
    explicit Aligned(int64_t count) : room(count + 64 / sizeof(R), R(0)) {}
    R* data() { return (R*)(((uintptr_t)room.data() + 63) / 64 * 64); }
};

// sum[i] = sum_j f[j f_step] x[j line + i] for i < line
template <int taps, class T, class R>
inline void add_lines(const T* __restrict__ x, int64_t line, const R* f, int64_t f_step, R* __restrict__ sum) {
    R g[taps];
    for (int j = 0; j < taps; j++) g[j] = f[j * f_step];
    for (int64_t i = 0; i < line; i++) {
        R s = g[0] * widen(x[i]);
#pragma GCC unroll 4
        for (int j = 1; j < taps; j++) s += g[j] * widen(x[j * line + i]);
        sum[i] = s;
    }
}

template <class T, class R>
inline void down_columns(const T* x, int64_t line, const R* f, int64_t f_step, int64_t taps, R* sum) {
    switch (taps) {
        case 0: std::fill(sum, sum + line, R(0)); return;
        case 1: return add_lines<1>(x, line, f, f_step, sum);
        case 2: return add_lines<2>(x, line, f, f_step, sum);
        case 3: return add_lines<3>(x, line, f, f_step, sum);
        case 4: return add_lines<4>(x, line, f, f_step, sum);
    }
    add_lines<4>(x, line, f, f_step, sum);
    for (int64_t j = 4; j < taps; j++)
        for (int64_t i = 0; i < line; i++) sum[i] += f[j * f_step] * widen(x[j * line + i]);
}

// Output pixels of one phase of a row: `count` of them, `up` apart, whose input pixels are `down` apart.
struct Run {
    int64_t count, channels, up, down;
};

// out[i] = sum_j g[j] x[i + j channels], neither up nor down: the pixels of a row are one piece
template <int taps, class R>
inline void in_one_piece(const R* __restrict__ x, const R* g, int64_t length, int64_t channels, R* __restrict__ out) {
    for (int64_t i = 0; i < length; i++) {
        R s = g[0] * x[i];
#pragma GCC unroll 12
        for (int j = 1; j < taps; j++) s += g[j] * x[i + j * channels];
        out[i] = s;
    }
}

// The same for pixels apart; `known` is the number of channels where it is worth a loop of its own.
template <int taps, int known, class R>
inline void pixel_by_pixel(const R* __restrict__ x, const R* g, const Run& r, R* __restrict__ out) {
    const int64_t channels = known ? known : r.channels;
    for (int64_t i = 0; i < r.count; i++, x += r.down * channels, out += r.up * channels)
        for (int64_t c = 0; c < channels; c++) {
            R s = g[0] * x[c];
#pragma GCC unroll 12
            for (int j = 1; j < taps; j++) s += g[j] * x[c + j * channels];
            out[c] = s;
        }
}

// The same for planes.
template <int taps, int up, int down, class R>
inline void plane(const R* __restrict__ x, const R* g, int64_t count, R* __restrict__ out) {
    for (int64_t i = 0; i < count; i++) {
        R s = g[0] * x[i * down];
#pragma GCC unroll 12
        for (int j = 1; j < taps; j++) s += g[j] * x[i * down + j];
        out[i * up] = s;
    }
}

template <int taps, class R> inline void with_taps(const R* x, const R* f, int64_t f_step, const Run& r, R* out) {
    R g[taps];
    for (int j = 0; j < taps; j++) g[j] = f[j * f_step];
    if (r.up == 1 && r.down == 1) return in_one_piece<taps>(x, g, r.count * r.channels, r.channels, out);
    if (r.channels == 1 && r.up == 2 && r.down == 1) return plane<taps, 2, 1>(x, g, r.count, out);
    if (r.channels == 1 && r.up == 1 && r.down == 2) return plane<taps, 1, 2>(x, g, r.count, out);
    if (r.channels == 8) return pixel_by_pixel<taps, 8>(x, g, r, out);
    if (r.channels == 16) return pixel_by_pixel<taps, 16>(x, g, r, out);
    if (r.channels == 32) return pixel_by_pixel<taps, 32>(x, g, r, out);
    pixel_by_pixel<taps, 0>(x, g, r, out);
}

// out[i up channels + c] = sum_j f[j f_step] x[(i down + j) channels + c]
template <class R> inline void along_row(const R* x, const R* f, int64_t f_step, int64_t taps, const Run& r, R* out) {
    switch (taps) {
        case 1: return with_taps<1>(x, f, f_step, r, out);
        case 2: return with_taps<2>(x, f, f_step, r, out);
        case 4: return with_taps<4>(x, f, f_step, r, out);
        case 6: return with_taps<6>(x, f, f_step, r, out);
        case 12: return with_taps<12>(x, f, f_step, r, out);
    }
    for (int64_t i = 0; i < r.count; i++)
        for (int64_t c = 0; c < r.channels; c++) {
            R s = 0;
            for (int64_t j = 0; j < taps; j++) s += f[j * f_step] * x[(i * r.down + j) * r.channels + c];
            out[i * r.up * r.channels + c] = s;
        }
}
