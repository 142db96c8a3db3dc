// Which taps of a filter meet which pixels, after zero insertion and padding; shared by CPU and CUDA.
#pragma once
#include "abi.h"
#include "types.h"

// The taps first, first + up, ... of one output pixel meet the input pixels `pixel`, pixel + 1, ...: `count` of them.
struct Meeting {
    int64_t tap, pixel, count;
};

HD Meeting meeting(int64_t out, int64_t side, int64_t up, int64_t down, int64_t pad, int64_t taps) {
    int64_t base = out * down - pad;
    int64_t tap = base >= 0 ? (up - base % up) % up : (-base) % up;
    int64_t pixel = (base + tap) / up;
    if (pixel < 0) {
        tap -= pixel * up;
        pixel = 0;
    }
    int64_t count = tap < taps ? (taps - 1 - tap) / up + 1 : 0;
    if (count > side - pixel) count = side - pixel;
    return {tap, pixel, count < 0 ? 0 : count};
}

// One output element of `Resample`.
template <class T, class R = computed_t<T>>
HD R resampled(const Resample& a, int64_t n, int64_t c, int64_t oy, int64_t ox) {
    Meeting rows = meeting(oy, a.height, a.up_y, a.down_y, a.pad_y, a.taps_y);
    Meeting columns = meeting(ox, a.width, a.up_x, a.down_x, a.pad_x, a.taps_x);
    const T* plane = (const T*)a.x + n * a.x_strides[0] + c * a.x_strides[1];
    R sum = 0;
    for (int64_t i = 0; i < rows.count; i++) {
        const T* x = plane + (rows.pixel + i) * a.x_strides[2] + columns.pixel * a.x_strides[3];
        const R* f = (const R*)a.filter + (rows.tap + i * a.up_y) * a.taps_x + columns.tap;
        for (int64_t j = 0; j < columns.count; j++) sum += f[j * a.up_x] * widen(x[j * a.x_strides[3]]);
    }
    return sum;
}
