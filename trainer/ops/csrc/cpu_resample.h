// `Resample` on a CPU. Images are [n h w c] (channels innermost) or planes [n c h w], seen as [n*c h w 1].
#pragma once
#include <algorithm>
#include <vector>

#include "dispatch.h"
#include "parallel.h"
#include "resampling.h"
#include "simd.h"

template <class T> struct ResampleCpu {
    typedef computed_t<T> R;
    const Resample& a;
    int64_t channels;              // that lie side by side
    std::vector<Meeting> columns;  // of every output pixel of a row

    int64_t out_row() const { return a.out_width * channels; }

    // sum[ox c] = sum_j f[j] x[.. c] over the taps of one row of the filter; `x` is one row of an image.
    void filter_row(const T* x, const R* f, R* sum) const {
        if (channels == 1) return filter_plane_row(x, f, sum);
        for (int64_t ox = 0; ox < a.out_width; ox++) {
            const Meeting& m = columns[ox];
            weighted_sum(x + m.pixel * channels, channels, f + m.tap, a.up_x, m.count, channels, sum + ox * channels);
        }
    }

    void filter_plane_row(const T* __restrict__ x, const R* __restrict__ f, R* __restrict__ sum) const {
        int64_t ox = 0;
        for (int64_t phase = 0; phase < a.up_x; phase++) {  // output pixels of one phase meet the same taps
            int64_t first = phase, last = a.out_width;
            for (ox = first; ox < last; ox += a.up_x) {
                const Meeting& m = columns[ox];
                if (m.count == whole_taps(m) && m.tap < a.up_x) break;
                sum[ox] = short_sum(x, f, m);
            }
            if (ox >= last) continue;
            const Meeting& m = columns[ox];
            int64_t whole = whole_taps(m), room = a.width - (m.pixel + whole);
            int64_t inside = room / a.down_x + 1, left = (last - 1 - ox) / a.up_x + 1;
            if (inside > left) inside = left;
            filter_inside(x + m.pixel, f + m.tap, whole, inside, sum + ox);
            for (ox += inside * a.up_x; ox < last; ox += a.up_x)
                sum[ox] = short_sum(x, f, columns[ox]);
        }
    }

    int64_t whole_taps(const Meeting& m) const { return m.tap < a.taps_x ? (a.taps_x - 1 - m.tap) / a.up_x + 1 : 0; }

    R short_sum(const T* x, const R* f, const Meeting& m) const {
        R sum = 0;
        for (int64_t j = 0; j < m.count; j++) sum += f[m.tap + j * a.up_x] * widen(x[m.pixel + j]);
        return sum;
    }

    // `count` output pixels of one phase, `up` apart, whose input pixels are `down` apart; no tap falls outside.
    void filter_inside(const T* x, const R* f, int64_t taps, int64_t count, R* sum) const {
        if (a.up_x == 1 && a.down_x == 1) return filter_steps<1, 1>(x, f, taps, count, sum);
        if (a.up_x == 2 && a.down_x == 1) return filter_steps<2, 1>(x, f, taps, count, sum);
        if (a.up_x == 1 && a.down_x == 2) return filter_steps<1, 2>(x, f, taps, count, sum);
        for (int64_t i = 0; i < count; i++) {
            R s = 0;
            for (int64_t j = 0; j < taps; j++) s += f[j * a.up_x] * widen(x[i * a.down_x + j]);
            sum[i * a.up_x] = s;
        }
    }

    template <int up, int down>
    void filter_steps(const T* __restrict__ x, const R* __restrict__ f, int64_t taps, int64_t count, R* __restrict__ sum) const {
        if (taps == 2) return filter_taps<up, down, 2>(x, f, count, sum);
        if (taps == 4) return filter_taps<up, down, 4>(x, f, count, sum);
        if (taps == 6) return filter_taps<up, down, 6>(x, f, count, sum);
        if (taps == 12) return filter_taps<up, down, 12>(x, f, count, sum);
        for (int64_t i = 0; i < count; i++) sum[i * up] = 0;
        for (int64_t j = 0; j < taps; j++)
            for (int64_t i = 0; i < count; i++) sum[i * up] += f[j * up] * widen(x[i * down + j]);
    }

    template <int up, int down, int taps>
    void filter_taps(const T* __restrict__ x, const R* __restrict__ f, int64_t count, R* __restrict__ sum) const {
        R g[taps];
        for (int j = 0; j < taps; j++) g[j] = f[j * up];
        for (int64_t i = 0; i < count; i++) {
            R s = 0;
#pragma GCC unroll 12
            for (int j = 0; j < taps; j++) s += g[j] * widen(x[i * down + j]);
            sum[i * up] = s;
        }
    }

    // Rows [from, to) of the result of one image: rows filtered along x are kept as long as a tap may meet them.
    void separable(const T* x, T* y, int64_t from, int64_t to) const {
        int64_t length = out_row(), kept = (a.taps_y - 1) / a.up_y + 2;
        std::vector<R> rows(kept * length);
        int64_t next = 0;
        for (int64_t oy = from; oy < to; oy++) {
            Meeting m = meeting(oy, a.height, a.up_y, a.down_y, a.pad_y, a.taps_y);
            if (next < m.pixel) next = m.pixel;
            for (; next < m.pixel + m.count; next++)
                filter_row(x + next * a.width * channels, (const R*)a.row, &rows[next % kept * length]);
            combine_rows(rows.data(), m, kept, length, y + oy * length);
        }
    }

    void combine_rows(const R* rows, const Meeting& m, int64_t kept, int64_t length, T* __restrict__ y) const {
        const R* f = (const R*)a.column + m.tap;
        if (m.count == 2) return combine<2>(rows, f, m.pixel, kept, length, y);
        if (m.count == 4) return combine<4>(rows, f, m.pixel, kept, length, y);
        std::vector<R> sum(length, R(0));
        for (int64_t j = 0; j < m.count; j++) {
            const R* row = rows + (m.pixel + j) % kept * length;
            for (int64_t i = 0; i < length; i++) sum[i] += f[j * a.up_y] * row[i];
        }
        for (int64_t i = 0; i < length; i++) narrow(sum[i], y[i]);
    }

    template <int taps>
    void combine(const R* rows, const R* f, int64_t pixel, int64_t kept, int64_t length, T* __restrict__ y) const {
        const R* row[taps];
        R g[taps];
        for (int j = 0; j < taps; j++) {
            row[j] = rows + (pixel + j) % kept * length;
            g[j] = f[j * a.up_y];
        }
        for (int64_t i = 0; i < length; i++) {
            R s = 0;
#pragma GCC unroll 4
            for (int j = 0; j < taps; j++) s += g[j] * row[j][i];
            narrow(s, y[i]);
        }
    }

    // The same with a filter that is not separable: every row of it meets every row of the image.
    void direct(const T* x, T* y, int64_t from, int64_t to) const {
        int64_t length = out_row();
        std::vector<R> sum(length), part(length);
        for (int64_t oy = from; oy < to; oy++) {
            Meeting m = meeting(oy, a.height, a.up_y, a.down_y, a.pad_y, a.taps_y);
            std::fill(sum.begin(), sum.end(), R(0));
            for (int64_t j = 0; j < m.count; j++) {
                const R* f = (const R*)a.filter + (m.tap + j * a.up_y) * a.taps_x;
                filter_row(x + (m.pixel + j) * a.width * channels, f, part.data());
                for (int64_t i = 0; i < length; i++) sum[i] += part[i];
            }
            for (int64_t i = 0; i < length; i++) narrow(sum[i], y[oy * length + i]);
        }
    }

    int run(int64_t threads) const {
        int64_t images = a.n * a.channels / channels, size = a.height * a.width * channels;
        int64_t bands = images < threads ? threads : 1, high = (a.out_height + bands - 1) / bands;
        parallel(images * bands, images * a.out_height * out_row(), threads, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; i++) {
                int64_t from = i % bands * high, to = from + high < a.out_height ? from + high : a.out_height;
                const T* x = (const T*)a.x + i / bands * size;
                T* y = (T*)a.y + i / bands * a.out_height * out_row();
                a.separable ? separable(x, y, from, to) : direct(x, y, from, to);
            }
        });
        return 0;
    }
};

template <class T> int resample_cpu(const Resample& a, int64_t threads) {
    bool innermost = a.x_strides[1] == 1 && a.y_strides[1] == 1;  // of one pixel, any layout has stride 1
    ResampleCpu<T> work = {a, innermost ? a.channels : 1, {}};
    for (int64_t ox = 0; ox < a.out_width; ox++)
        work.columns.push_back(meeting(ox, a.width, a.up_x, a.down_x, a.pad_x, a.taps_x));
    return work.run(threads);
}
