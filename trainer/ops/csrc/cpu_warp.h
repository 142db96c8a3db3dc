// `Warp` on a CPU: rows of all planes of an image that share an affine map.
#pragma once
#include "dispatch.h"
#include "parallel.h"
#include "warping.h"

template <class T> int warp_cpu(const Warp& a, int64_t threads) {
    int64_t source = a.height * a.width, result = a.out_height * a.out_width;
    int64_t given = a.adjoint ? result : source, high = a.adjoint ? a.height : a.out_height;
    int64_t wide = a.adjoint ? a.width : a.out_width;
    parallel(a.n * high, a.n * a.channels * high * wide, threads, [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; row++) {
            int64_t n = row / high, y = row % high;
            const Affine m = in_pixels((const double*)a.theta + n * 6, a.height, a.width, a.out_height, a.out_width);
            for (int64_t c = 0; c < a.channels; c++) {
                const T* plane = (const T*)a.input + (n * a.channels + c) * given;
                T* out = (T*)a.output + ((n * a.channels + c) * high + y) * wide;
                for (int64_t x = 0; x < wide; x++)
                    narrow(a.adjoint ? handed_back(plane, m, x, y, a.out_height, a.out_width)
                                     : looked_up(plane, a.height, a.width, m.x(x, y), m.y(x, y)), out[x]);
            }
        }
    });
    return 0;
}
