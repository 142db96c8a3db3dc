// `Resample` on a CPU. Images are [n h w c] (channels innermost) or planes [n c h w], seen as [n*c h w 1].
//
// A separable filter runs down the columns first: every row of an image is one piece of memory, and so one long loop.
// The sums go to a row with zeros at both ends, along which the filter runs without asking where the image ends.
#pragma once
#include <algorithm>
#include <type_traits>
#include <vector>

#include "dispatch.h"
#include "parallel.h"
#include "resampling.h"
#include "rows.h"

// Output pixels `first`, first + up, ... of a row: all meet the taps `tap`, tap + up, ..., the first of them from input
// pixel `pixel` on, which may lie before the image.
struct Phase {
    int64_t first, count, tap, taps, pixel;
};

inline Phase phase_of(int64_t first, int64_t out_width, int64_t up, int64_t down, int64_t pad, int64_t taps) {
    int64_t base = first * down - pad, tap = base >= 0 ? (up - base % up) % up : (-base) % up;
    int64_t met = tap < taps ? (taps - 1 - tap) / up + 1 : 0;
    return {first, (out_width - 1 - first) / up + 1, tap, met, (base + tap) / up};
}

template <class T> struct ResampleCpu {
    typedef computed_t<T> R;
    const Resample& a;
    int64_t channels;  // that lie side by side
    std::vector<Phase> phases;
    int64_t left, wide;  // pixels of the row with zeros: before the image, and in all

    ResampleCpu(const Resample& arguments, int64_t side_by_side)
        : a(arguments), channels(side_by_side), left(0), wide(a.width) {
        for (int64_t first = 0; first < a.up_x && first < a.out_width; first++) {
            phases.push_back(phase_of(first, a.out_width, a.up_x, a.down_x, a.pad_x, a.taps_x));
            left = std::max(left, -phases.back().pixel);
        }
        for (const Phase& p : phases) wide = std::max(wide, p.pixel + (p.count - 1) * a.down_x + p.taps);
        left = (left + 1) / 2 * 2;
        wide += left;
    }

    int64_t line() const { return a.width * channels; }
    int64_t out_line() const { return a.out_width * channels; }

    // out[ox c] = sum_j f[j] row[.. c]
    void filter_row(const R* row, const R* f, R* out) const {
        for (const Phase& p : phases) {
            const R* x = row + (p.pixel + left) * channels;
            along_row(x, f + p.tap, a.up_x, p.taps, Run{p.count, channels, a.up_x, a.down_x}, out + p.first * channels);
        }
    }

    // Rows [from, to) of the result of one image.
    void separable(const T* x, T* y, int64_t from, int64_t to) const {
        Aligned<R> row(wide * channels), sums(std::is_same<T, R>::value ? 0 : out_line());
        for (int64_t oy = from; oy < to; oy++, y += out_line()) {
            Meeting m = meeting(oy, a.height, a.up_y, a.down_y, a.pad_y, a.taps_y);
            down_columns(x + m.pixel * line(), line(), (const R*)a.column + m.tap, a.up_y, m.count, row.data() + left * channels);
            if constexpr (std::is_same<T, R>::value)
                filter_row(row.data(), (const R*)a.row, y);
            else {
                filter_row(row.data(), (const R*)a.row, sums.data());
                for (int64_t i = 0; i < out_line(); i++) narrow(sums.data()[i], y[i]);
            }
        }
    }

    // The same with a filter that is not separable: every row of it meets every row of the image.
    void direct(const T* x, T* y, int64_t from, int64_t to) const {
        const R one = 1;
        Aligned<R> row(wide * channels);
        std::vector<R> sum(out_line()), part(out_line());
        for (int64_t oy = from; oy < to; oy++, y += out_line()) {
            Meeting m = meeting(oy, a.height, a.up_y, a.down_y, a.pad_y, a.taps_y);
            std::fill(sum.begin(), sum.end(), R(0));
            for (int64_t j = 0; j < m.count; j++) {
                down_columns(x + (m.pixel + j) * line(), line(), &one, 1, 1, row.data() + left * channels);
                filter_row(row.data(), (const R*)a.filter + (m.tap + j * a.up_y) * a.taps_x, part.data());
                for (int64_t i = 0; i < out_line(); i++) sum[i] += part[i];
            }
            for (int64_t i = 0; i < out_line(); i++) narrow(sum[i], y[i]);
        }
    }

    int run(int64_t threads) const {
        int64_t images = a.n * a.channels / channels;
        int64_t bands = images < threads ? threads : 1, high = (a.out_height + bands - 1) / bands;
        parallel(images * bands, images * a.out_height * out_line(), threads, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; i++) {
                int64_t from = i % bands * high, to = std::min(from + high, a.out_height);
                const T* x = (const T*)a.x + i / bands * a.height * line();
                T* y = (T*)a.y + (i / bands * a.out_height + from) * out_line();
                a.separable ? separable(x, y, from, to) : direct(x, y, from, to);
            }
        });
        return 0;
    }
};

template <class T> int resample_cpu(const Resample& a, int64_t threads) {
    bool innermost = a.x_strides[1] == 1 && a.y_strides[1] == 1;  // of one pixel, any layout has stride 1
    return ResampleCpu<T>(a, innermost ? a.channels : 1).run(threads);
}
