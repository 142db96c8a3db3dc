// Loops over the channels of a pixel, and sums over pixels, taken in blocks so that float32 does not lose them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "types.h"

const int64_t BLOCK = 64;  // pixels whose sum is taken before it joins the sum of all

// out[i] = value(i) for i < count; `value` keeps copies of all it needs, and may read out[i]. Types narrower than what is
// computed in take two loops, as the compiler vectorises none that decides and rounds.
template <class T, class Value> HD void write(int64_t count, T* out, const Value& value) {
    if constexpr (std::is_same_v<T, computed_t<T>>) {
#pragma GCC ivdep
        for (int64_t i = 0; i < count; i++) out[i] = value(i);
    } else {
        computed_t<T> wide[4 * BLOCK];
        for (int64_t start = 0; start < count; start += 4 * BLOCK) {
            int64_t length = std::min(4 * BLOCK, count - start);
            for (int64_t i = 0; i < length; i++) wide[i] = value(start + i);
            for (int64_t i = 0; i < length; i++) narrow(wide[i], out[start + i]);
        }
    }
}

template <int count> using Known = std::integral_constant<int, count>;

// Calls f with the number of channels as a constant where that makes a fast loop, otherwise with 0.
template <class F> void with_channels(int64_t channels, const F& f) {
    switch (channels) {
        case 8: return f(Known<8>());
        case 16: return f(Known<16>());
        case 32: return f(Known<32>());
        case 64: return f(Known<64>());
    }
    f(Known<0>());
}

// Adds part to total.
template <class R> void join(const R* __restrict__ part, R* __restrict__ total, int64_t count) {
    for (int64_t i = 0; i < count; i++) total[i] += part[i];
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

// Sum of g, half by half; `known`, a power of two, is its length, or 0. g is overwritten.
template <int known, class R> R folded(R* g, int64_t count) {
    if (!known) return lane_sum<R>(count, [&](int64_t i) { return g[i]; });
#pragma GCC unroll 8
    for (int half = known / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) g[i] += g[i + half];
    return g[0];
}
