// Minimal filtering F(4x4, 3x3) on a CPU (Lavin and Gray 2016, arXiv:1509.09308, Sec. 4): a 3x3 convolution of 4x4 pixels
// by 36 products instead of 144. Three of its steps are here; the fourth, 36 matrix products over the channels, is torch's.
#pragma once
#include "abi.h"
#include "parallel.h"

const int LANES = 16;

template <class T> struct Lanes { typedef T type __attribute__((vector_size(LANES * sizeof(T)))); };
template <class T> using lanes_t = typename Lanes<T>::type;

template <class T> HD lanes_t<T> load(const T* x) {
    lanes_t<T> v;
    memcpy(&v, x, sizeof v);
    return v;
}
template <class T> HD void store(T* x, lanes_t<T> v) { memcpy(x, &v, sizeof v); }

// Each of these takes numbers `step` apart and writes numbers `step` apart: one of the two sides of X M X^T.
struct Pixels {  // B^T d
    enum { in = 6, out = 6 };
    template <class V> static HD void apply(const V* d, int step, V* v, int to) {
        V even = d[4 * step] - 4 * d[2 * step], odd = d[3 * step] - 4 * d[step];
        V far = d[4 * step] - d[2 * step], turn = 2 * (d[3 * step] - d[step]);
        v[0] = 4 * d[0] - 5 * d[2 * step] + d[4 * step];
        v[to] = even + odd;
        v[2 * to] = even - odd;
        v[3 * to] = far + turn;
        v[4 * to] = far - turn;
        v[5 * to] = 4 * d[step] - 5 * d[3 * step] + d[5 * step];
    }
};
struct Results {  // A^T m
    enum { in = 6, out = 4 };
    template <class V> static HD void apply(const V* m, int step, V* y, int to) {
        V a = m[step] + m[2 * step], b = m[step] - m[2 * step];
        V c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
        y[0] = m[0] + a + c;
        y[to] = b + 2 * d;
        y[2 * to] = a + 4 * c;
        y[3 * to] = b + 8 * d + m[5 * step];
    }
};
struct Gradients {  // A dy
    enum { in = 4, out = 6 };
    template <class V> static HD void apply(const V* y, int step, V* v, int to) {
        V even = y[0] + y[2 * step], odd = y[step] + y[3 * step];
        V far = y[0] + 4 * y[2 * step], turn = 2 * y[step] + 8 * y[3 * step];
        v[0] = y[0];
        v[to] = even + odd;
        v[2 * to] = even - odd;
        v[3 * to] = far + turn;
        v[4 * to] = far - turn;
        v[5 * to] = y[3 * step];
    }
};
struct Weights {  // G g, times 24
    enum { in = 3, out = 6 };
    template <class V> static HD void apply(const V* g, int step, V* u, int to) {
        V ends = 4 * (g[0] + g[2 * step]), middle = 4 * g[step];
        V far = g[0] + 4 * g[2 * step], turn = 2 * g[step];
        u[0] = 6 * g[0];
        u[to] = -(ends + middle);
        u[2 * to] = middle - ends;
        u[3 * to] = far + turn;
        u[4 * to] = far - turn;
        u[5 * to] = 24 * g[2 * step];
    }
};
struct WeightGradients {  // G^T du, times 24
    enum { in = 6, out = 3 };
    template <class V> static HD void apply(const V* u, int step, V* g, int to) {
        V a = 4 * (u[step] + u[2 * step]), b = 4 * (u[step] - u[2 * step]);
        V c = u[3 * step] + u[4 * step], d = u[3 * step] - u[4 * step];
        g[0] = 6 * u[0] - a + c;
        g[to] = 2 * d - b;
        g[2 * to] = 4 * c - a + 24 * u[5 * step];
    }
};

// to [out out] = X from [in in] X^T
template <class X, class V> HD void both_sides(const V* from, V* to) {
    V half[X::out * X::in];
    for (int i = 0; i < X::in; i++) X::apply(from + i, X::in, half + i, X::in);
    for (int i = 0; i < X::out; i++) X::apply(half + i * X::in, 1, to + i * X::out, 1);
}

// Images to tiles: 6x6 pixels around every 4x4 (Pixels), or the 4x4 of a gradient (Gradients); zero outside.
template <class X, class T> void to_tile(const Tiles& a, int64_t n, int64_t row, int64_t column, T* to) {
    const int around = (X::in - 4) / 2;
    const T* image = (const T*)a.from + n * a.height * a.width * a.channels;
    for (int64_t c = 0; c < a.channels; c += LANES) {
        lanes_t<T> x[X::in * X::in], v[36];
        for (int i = 0; i < X::in * X::in; i++) {
            int64_t h = row * 4 - around + i / X::in, w = column * 4 - around + i % X::in;
            bool inside = h >= 0 && h < a.height && w >= 0 && w < a.width;
            x[i] = inside ? load(image + (h * a.width + w) * a.channels + c) : lanes_t<T>{};
        }
        both_sides<X>(x, v);
        for (int i = 0; i < 36; i++) store(to + i * a.plane + c, v[i]);
    }
}

// Tiles to images, of which a tile may reach over the edge.
template <class T> void from_tile(const Tiles& a, int64_t n, int64_t row, int64_t column, const T* from) {
    T* image = (T*)a.to + n * a.height * a.width * a.channels;
    for (int64_t c = 0; c < a.channels; c += LANES) {
        lanes_t<T> m[36], y[16];
        for (int i = 0; i < 36; i++) m[i] = load(from + i * a.plane + c);
        both_sides<Results>(m, y);
        for (int i = 0; i < 16; i++) {
            int64_t h = row * 4 + i / 4, w = column * 4 + i % 4;
            if (h < a.height && w < a.width) store(image + (h * a.width + w) * a.channels + c, y[i]);
        }
    }
}

template <class T> int tiles_cpu(const Tiles& a, int64_t threads) {
    int64_t rows = (a.height + 3) / 4, columns = (a.width + 3) / 4, tiles = a.n * rows * columns;
    parallel(tiles, tiles * 36 * a.channels, threads, [&](int64_t first, int64_t last) {
        for (int64_t t = first; t < last; t++) {
            int64_t n = t / (rows * columns), row = t / columns % rows, column = t % columns;
            if (a.step == TILES_OF_PIXELS) to_tile<Pixels>(a, n, row, column, (T*)a.to + t * a.channels);
            if (a.step == TILES_OF_GRADIENTS) to_tile<Gradients>(a, n, row, column, (T*)a.to + t * a.channels);
            if (a.step == PIXELS_OF_TILES) from_tile(a, n, row, column, (const T*)a.from + t * a.channels);
        }
    });
    return 0;
}

// Weights to 36 matrices [rows lanes] and back; the 3x3 taps are two strides apart, negative where they are turned.
template <class T> int taps_cpu(const Taps& a, int64_t threads) {
    const T scale = T(1) / 576;
    parallel(a.rows, a.rows * a.lanes * 36, threads, [&](int64_t first, int64_t last) {
        for (int64_t r = first; r < last; r++)
            for (int64_t l = 0; l < a.lanes; l += LANES) {
                T* weight = (T*)a.weight + r * a.row_stride + l * a.lane_stride;
                T* matrix = (T*)a.matrices + r * a.lanes + l;
                lanes_t<T> g[9], u[36];
                if (a.back) {
                    for (int i = 0; i < 36; i++) u[i] = load(matrix + i * a.plane);
                    both_sides<WeightGradients>(u, g);
                } else {
                    for (int i = 0; i < 9; i++)
                        for (int k = 0; k < LANES; k++)
                            g[i][k] = weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride];
                    both_sides<Weights>(g, u);
                }
                for (int i = 0; i < 36 && !a.back; i++) store(matrix + i * a.plane, u[i] * scale);
                for (int i = 0; i < 9 && a.back; i++)
                    for (int k = 0; k < LANES; k++)
                        weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride] = g[i][k] * scale;
            }
    });
    return 0;
}
