// Minimal filtering F(4x4, 3x3) on a CPU (Lavin and Gray 2016, arXiv:1509.09308, Sec. 4): a 3x3 convolution of 4x4 pixels
// by 36 products instead of 144.
#pragma once
#include "abi.h"
#include "cpu_products.h"
#include "parallel.h"

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

// A matrix of tiles or weights is 16 columns after 16: [plane, block, row, LANES], planes a.plane elements apart.
template <class T> struct Matrices {
    T* first;
    int64_t rows, plane;
    T* block(int64_t plane_, int64_t block) const { return first + plane_ * plane + block * rows * LANES; }
    T* row(int64_t block, int64_t row) const { return first + (block * rows + row) * LANES; }
};
template <class T> Matrices<T> matrices(T* first, int64_t rows, int64_t columns) {
    // A line more: planes at a distance of a power of two would compete for the same places of a cache.
    return {first, rows, rows * columns + LANES};
}

template <class T> struct Image {
    T* first;
    int64_t n, height, width, channels;
    int64_t across() const { return (width + 3) / 4; }
    int64_t tiles() const { return n * ((height + 3) / 4) * across(); }
    T* pixel(int64_t h, int64_t w, int64_t c) const { return first + (h * width + w) * channels + c; }
};

// Calls work(image, row, column, tile - first) for some tiles of 4x4 pixels.
template <class T, class Work> void each_tile(const Image<T>& all, int64_t first, int64_t last, const Work& work) {
    int64_t down = (all.height + 3) / 4, line = first / all.across(), column = first % all.across() * 4;
    for (int64_t t = first; t < last; line++, column = 0)
        for (; column < all.width && t < last; column += 4, t++) {
            Image<T> image = all;
            image.first += line / down * all.height * all.width * all.channels;
            work(image, line % down * 4, column, t - first);
        }
}

// A register of channels to a row of the matrices: 6x6 pixels around the 4x4 (Pixels), or the 4x4 (Gradients); 0 outside.
template <class X, class T> HD void to_tile(const Image<const T>& image, int64_t row, int64_t column, int64_t c, T* to,
                                            int64_t plane) {
    typedef typename Register<T>::type vector;
    const int around = (X::in - 4) / 2;
    vector half[X::in * X::out], v[X::out];
    for (int i = 0; i < X::in; i++) {
        int64_t h = row - around + i;
        bool there = h >= 0 && h < image.height;
        const T* line = image.pixel(h, column - around, c);
        vector x[X::in];
        for (int j = 0; j < X::in; j++) {
            int64_t w = column - around + j;
            x[j] = there && w >= 0 && w < image.width ? load_as<vector>(line + j * image.channels) : vector{};
        }
        X::apply(x, 1, half + i * X::out, 1);
    }
    for (int j = 0; j < X::out; j++) {
        X::apply(half + j, X::out, v, 1);
        for (int i = 0; i < X::out; i++) store(to + (i * X::out + j) * plane, v[i]);
    }
}

// The inverse, for a tile that may reach over the edge.
template <class T> HD void from_tile(const Image<T>& image, int64_t row, int64_t column, int64_t c, const T* from,
                                     int64_t plane) {
    typedef typename Register<T>::type vector;
    vector m[6], half[24], y[4];
    for (int j = 0; j < 6; j++) {
        for (int i = 0; i < 6; i++) m[i] = load_as<vector>(from + (i * 6 + j) * plane);
        Results::apply(m, 1, half + j, 6);
    }
    for (int i = 0; i < 4 && row + i < image.height; i++) {
        Results::apply(half + i * 6, 1, y, 1);
        for (int j = 0; j < 4 && column + j < image.width; j++) store(image.pixel(row + i, column + j, c), y[j]);
    }
}

template <class X, class T> void to_tiles(const Image<const T>& all, int64_t first, int64_t last, int64_t block,
                                          int64_t blocks, const Matrices<T>& to) {
    each_tile(all, first, last, [&](const Image<const T>& image, int64_t row, int64_t column, int64_t t) {
        for (int64_t b = 0; b < blocks; b++)
            for (int l = 0; l < LANES; l += Register<T>::lanes)
                to_tile<X>(image, row, column, (block + b) * LANES + l, to.row(b, t) + l, to.plane);
    });
}

// Calls work(first, last) for as few equal parts of a range as have at most `most` elements each.
template <class Work> void pieces(int64_t first, int64_t last, int64_t most, const Work& work) {
    int64_t all = last - first, count = (all + most - 1) / most;
    for (int64_t p = 0; p < count; p++) work(first + all * p / count, first + all * (p + 1) / count);
}

// y = the convolution of x: each thread takes tiles of its own from images to images.
template <class T> int convolve3_cpu(const Convolve3& a, int64_t threads) {
    Image<const T> x{(const T*)a.x, a.n, a.height, a.width, a.inputs};
    Image<T> y{(T*)a.y, a.n, a.height, a.width, a.outputs};
    int64_t in = a.inputs / LANES, out = a.outputs / LANES, tiles = x.tiles();
    Matrices<T> taps = matrices((T*)a.matrices, a.inputs, a.outputs);
    parallel(threads, tiles * 36 * (a.inputs + a.outputs), threads, [&](int64_t first, int64_t last) {
        Matrices<T> pixels = matrices((T*)a.workspace + first * a.of_thread, a.tiles, a.inputs);
        Matrices<T> products = matrices(pixels.first + 36 * pixels.plane, a.tiles, a.outputs);
        pieces(tiles * first / threads, tiles * last / threads, a.tiles, [&](int64_t from, int64_t to) {
            to_tiles<Pixels>(x, from, to, 0, in, pixels);
            for (int plane = 0; plane < 36; plane++)
                panels<T>(out, [&](auto width, int64_t b) {
                    Right<T> right{taps.block(plane, b), a.inputs * LANES};
                    Result<T> result{products.block(plane, b), a.tiles * LANES, false};
                    Left<T, LANES, 1> left{pixels.block(plane, 0), in, LANES, a.tiles * LANES};
                    rows<T, decltype(width)::value>(to - from, left, right, result);
                });
            each_tile(y, from, to, [&](const Image<T>& image, int64_t row, int64_t column, int64_t t) {
                for (int64_t b = 0; b < out; b++)
                    for (int l = 0; l < LANES; l += Register<T>::lanes)
                        from_tile(image, row, column, b * LANES + l, products.row(b, t) + l, products.plane);
            });
        });
    });
    return 0;
}

// matrices [rows lanes] = sum over the tiles of x [.. rows] (Gradients) and y [.. lanes] (Pixels): threads take rows.
template <class T> int correlate3_cpu(const Convolve3& a, int64_t threads) {
    Image<const T> upper{(const T*)a.x, a.n, a.height, a.width, a.inputs};
    Image<const T> lower{(const T*)a.y, a.n, a.height, a.width, a.outputs};
    int64_t height = a.inputs / LANES, across = a.outputs / LANES, tiles = upper.tiles();
    Matrices<T> total = matrices((T*)a.matrices, a.inputs, a.outputs);
    parallel(threads, tiles * 36 * (a.inputs + a.outputs), threads, [&](int64_t first, int64_t last) {
        int64_t begin = height * first / threads, blocks = height * last / threads - begin;
        Matrices<T> gradients = matrices((T*)a.workspace + first * a.of_thread, a.tiles, a.inputs);
        Matrices<T> pixels = matrices(gradients.first + 36 * gradients.plane, a.tiles, a.outputs);
        if (blocks) pieces(0, tiles, a.tiles, [&](int64_t from, int64_t to) {
            to_tiles<Gradients>(upper, from, to, begin, blocks, gradients);
            to_tiles<Pixels>(lower, from, to, 0, across, pixels);
            for (int plane = 0; plane < 36; plane++)
                panels<T>(across, [&](auto width, int64_t b) {
                    for (int64_t r = 0; r < blocks; r++) {
                        Right<T> right{pixels.block(plane, b), a.tiles * LANES};
                        Result<T> result{total.block(plane, b) + (begin + r) * LANES * LANES, a.inputs * LANES, from > 0};
                        Left<T, 1, LANES> left{gradients.block(plane, r), 1, to - from, 0};
                        rows<T, decltype(width)::value>(LANES, left, right, result);
                    }
                });
        });
    });
    return 0;
}

// to [out out] = X from [in in] X^T
template <class X, class V> HD void both_sides(const V* from, V* to) {
    V half[X::out * X::in];
    for (int i = 0; i < X::in; i++) X::apply(from + i, X::in, half + i, X::in);
    for (int i = 0; i < X::out; i++) X::apply(half + i * X::in, 1, to + i * X::out, 1);
}

// Weights to matrices [rows lanes], or with `back` from them; the 3x3 taps are two strides apart, negative where turned.
template <class T> void taps_of(const Taps& a, T* weight, T* matrix, int64_t plane) {
    const T scale = T(1) / 576;
    lanes_t<T> g[9], u[36];
    if (a.back) {
        for (int i = 0; i < 36; i++) u[i] = load(matrix + i * plane);
        both_sides<WeightGradients>(u, g);
    } else {
        for (int i = 0; i < 9; i++)
            for (int k = 0; k < LANES; k++) g[i][k] = weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride];
        both_sides<Weights>(g, u);
    }
    for (int i = 0; i < 36 && !a.back; i++) store(matrix + i * plane, u[i] * scale);
    for (int i = 0; i < 9 && a.back; i++)
        for (int k = 0; k < LANES; k++)
            weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride] = g[i][k] * scale;
}

template <class T> int taps_cpu(const Taps& a, int64_t threads) {
    Matrices<T> all = matrices((T*)a.matrices, a.rows, a.lanes);
    parallel(a.lanes / LANES, a.rows * a.lanes * 36, threads, [&](int64_t first, int64_t last) {
        for (int64_t b = first; b < last; b++)
            for (int64_t r = 0; r < a.rows; r++)
                taps_of(a, (T*)a.weight + r * a.row_stride + b * LANES * a.lane_stride, all.row(b, r), all.plane);
    });
    return 0;
}
