// 3x3 convolutions by minimal filtering on a CPU: images to tiles, products with the weights, tiles to images.
#pragma once
#include "abi.h"
#include "cpu_products.h"
#include "minimal_filtering.h"
#include "parallel.h"

// A matrix of tiles or weights is 16 columns after 16: [plane, block, row, LANES].
template <class T> struct Matrices {
    T* first;
    int64_t rows, plane;  // elements from one plane to the next
    T* block(int64_t number, int64_t block) const { return first + number * plane + block * rows * LANES; }
    T* row(int64_t block, int64_t row) const { return first + (block * rows + row) * LANES; }
};
template <class T> Matrices<T> matrices(T* first, int64_t rows, int64_t columns) {
    // A line more: planes at a distance of a power of two would compete for the same places of a cache.
    return {first, rows, rows * columns + LANES};
}

template <class T> struct Image {
    T* first;
    int64_t n, height, width, channels;
    T* pixel(int64_t h, int64_t w, int64_t c) const { return first + (h * width + w) * channels + c; }
    Image at(int64_t number) const { return {first + number * height * width * channels, 1, height, width, channels}; }
};

// Tiles of 4x4 pixels of the smaller image.
struct Grid {
    int64_t n, down, across;
    int64_t tiles() const { return n * down * across; }
    // Calls work(number of the image, row, column, tile - first) for some tiles.
    template <class Work> void each(int64_t first, int64_t last, const Work& work) const {
        int64_t line = first / across, column = first % across;
        for (int64_t t = first; t < last; line++, column = 0)
            for (; column < across && t < last; column++, t++) work(line / down, line % down, column, t - first);
    }
};
template <class T> Grid grid(const Image<T>& image) {
    return {image.n, (image.height + 3) / 4, (image.width + 3) / 4};
}

// A register of channels of a tile to a row of the matrices; what is outside of the image is 0.
template <class X, class T> HD void to_tile(const Image<const T>& image, int64_t row, int64_t column, int64_t c, T* to,
                                            int64_t plane) {
    typedef typename Register<T>::type vector;
    vector half[X::in * X::out], v[X::out];
    for (int i = 0; i < X::in; i++) {
        int64_t h = row * X::pitch - X::before + i, begin = column * X::pitch - X::before;
        bool there = h >= 0 && h < image.height;
        const T* line = image.pixel(h, begin, c);
        vector x[X::in];
        for (int j = 0; j < X::in; j++) {
            bool inside = there && begin + j >= 0 && begin + j < image.width;
            x[j] = inside ? load_as<vector>(line + j * image.channels) : vector{};
        }
        X::apply(x, 1, half + i * X::out, 1);
    }
    for (int j = 0; j < X::out; j++) {
        X::apply(half + j, X::out, v, 1);
        for (int i = 0; i < X::out; i++) store(to + (i * X::out + j) * plane, v[i]);
    }
}

// The inverse, for a tile that may reach over the edge. What it shares with the tiles above and before is added to.
template <class Y, class T> HD void from_tile(const Image<T>& image, const T* bias, int64_t row, int64_t column, int64_t c,
                                              const T* from, int64_t plane) {
    typedef typename Register<T>::type vector;
    vector m[Y::in], half[Y::in * Y::out], y[Y::out], first = bias ? load_as<vector>(bias + c) : vector{};
    for (int j = 0; j < Y::in; j++) {
        for (int i = 0; i < Y::in; i++) m[i] = load_as<vector>(from + (i * Y::in + j) * plane);
        Y::apply(m, 1, half + j, Y::in);
    }
    for (int i = 0; i < Y::out && row * Y::pitch + i < image.height; i++) {
        Y::apply(half + i * Y::in, 1, y, 1);
        for (int j = 0; j < Y::out && column * Y::pitch + j < image.width; j++) {
            T* to = image.pixel(row * Y::pitch + i, column * Y::pitch + j, c);
            bool begun = (i < Y::shared && row > 0) || (j < Y::shared && column > 0);
            store(to, (begun ? load_as<vector>(to) : first) + y[j]);
        }
    }
}

template <class X, class T> void to_tiles(const Image<const T>& images, const Grid& grid, int64_t first, int64_t last,
                                          int64_t block, int64_t blocks, const Matrices<T>& to) {
    grid.each(first, last, [&](int64_t n, int64_t row, int64_t column, int64_t t) {
        for (int64_t b = 0; b < blocks; b++)
            for (int l = 0; l < LANES; l += Register<T>::lanes)
                to_tile<X>(images.at(n), row, column, (block + b) * LANES + l, to.row(b, t) + l, to.plane);
    });
}

template <class Y, class T> void from_tiles(const Image<T>& images, const T* bias, const Grid& grid, int64_t first,
                                            int64_t last, int64_t blocks, const Matrices<T>& from) {
    grid.each(first, last, [&](int64_t n, int64_t row, int64_t column, int64_t t) {
        for (int64_t b = 0; b < blocks; b++)
            for (int l = 0; l < LANES; l += Register<T>::lanes)
                from_tile<Y>(images.at(n), bias, row, column, b * LANES + l, from.row(b, t) + l, from.plane);
    });
}

// Calls work(first, last) for as few equal parts of a range as have at most `most` elements each.
template <class Work> void pieces(int64_t first, int64_t last, int64_t most, const Work& work) {
    int64_t all = last - first, count = (all + most - 1) / most;
    for (int64_t p = 0; p < count; p++) work(first + all * p / count, first + all * (p + 1) / count);
}

// y = the convolution of x: each thread takes tiles of its own from images to images, and whole images where tiles overlap.
template <class By, class X, class Y, class T> int convolve3(const Convolve3& a, int64_t threads, bool up) {
    Image<const T> x{(const T*)a.x, a.n, a.x_height, a.x_width, a.inputs};
    Image<T> y{(T*)a.y, a.n, a.y_height, a.y_width, a.outputs};
    Grid tiles = up ? grid(x) : grid(y);
    int64_t in = a.inputs / LANES, out = a.outputs / LANES, whole = Y::shared ? tiles.tiles() / a.n : 1;
    int64_t units = tiles.tiles() / whole;
    Matrices<T> taps = matrices((T*)a.matrices, a.inputs, a.outputs);
    parallel(threads, tiles.tiles() * By::count * (a.inputs + a.outputs), threads, [&](int64_t first, int64_t last) {
        Matrices<T> pixels = matrices((T*)a.workspace + first * a.of_thread, a.tiles, a.inputs);
        Matrices<T> products = matrices(pixels.first + X::out * X::out * pixels.plane, a.tiles, a.outputs);
        pieces(units * first / threads * whole, units * last / threads * whole, a.tiles, [&](int64_t from, int64_t to) {
            to_tiles<X>(x, tiles, from, to, 0, in, pixels);
            for (int plane = 0; plane < By::count; plane++)
                panels<T>(out, [&](auto width, int64_t b) {
                    Left<T, LANES, 1> left{pixels.block(up ? By::small(plane) : plane, 0), in, LANES, a.tiles * LANES};
                    Right<T> right{taps.block(plane, b), a.inputs * LANES};
                    Result<T> result{products.block(up ? plane : By::small(plane), b), a.tiles * LANES, !up && By::again(plane)};
                    rows<T, decltype(width)::value>(to - from, left, right, result);
                });
            from_tiles<Y>(y, (const T*)a.bias, tiles, from, to, out, products);
        });
    });
    return 0;
}

template <class T> int convolve3_cpu(const Convolve3& a, int64_t threads) {
    if (a.direction == SAME) return convolve3<Plain, Pixels, Results, T>(a, threads, false);
    if (a.direction == DOWN) return convolve3<By2, PixelsBy2, ResultsBy2, T>(a, threads, false);
    return convolve3<By2, GradientsBy2, PixelsBy2Back, T>(a, threads, true);
}

// matrices [rows lanes] = sum over the tiles of x [.. rows], the gradient, and y [.. lanes]: threads take lanes.
template <class By, class T> int correlate3(const Convolve3& a, int64_t threads) {
    Image<const T> upper{(const T*)a.x, a.n, a.x_height, a.x_width, a.inputs};
    Image<const T> lower{(const T*)a.y, a.n, a.y_height, a.y_width, a.outputs};
    Grid all = grid(upper);
    int64_t height = a.inputs / LANES, across = a.outputs / LANES;
    Matrices<T> total = matrices((T*)a.matrices, a.inputs, a.outputs);
    parallel(threads, all.tiles() * By::count * (a.inputs + a.outputs), threads, [&](int64_t first, int64_t last) {
        int64_t begin = across * first / threads, blocks = across * last / threads - begin;
        Matrices<T> gradients = matrices((T*)a.workspace + first * a.of_thread, a.tiles, a.inputs);
        Matrices<T> pixels = matrices(gradients.first + By::smaller::out * By::smaller::out * gradients.plane, a.tiles, a.outputs);
        if (blocks) pieces(0, all.tiles(), a.tiles, [&](int64_t from, int64_t to) {
            to_tiles<typename By::smaller>(upper, all, from, to, 0, height, gradients);
            to_tiles<typename By::larger>(lower, all, from, to, begin, blocks, pixels);
            for (int plane = 0; plane < By::count; plane++)
                panels<T>(blocks, [&](auto width, int64_t b) {
                    Right<T> right{pixels.block(plane, b), a.tiles * LANES};
                    for (int64_t r = 0; r < height; r++) {
                        Left<T, 1, LANES> left{gradients.block(By::small(plane), r), 1, to - from, 0};
                        Result<T> result{total.block(plane, begin + b) + r * LANES * LANES, a.inputs * LANES, from > 0};
                        rows<T, decltype(width)::value>(LANES, left, right, result);
                    }
                });
        });
    });
    return 0;
}

template <class T> int correlate3_cpu(const Convolve3& a, int64_t threads) {
    return a.direction == SAME ? correlate3<Plain, T>(a, threads) : correlate3<By2, T>(a, threads);
}

// to [out out] = X from [in in] X^T
template <class X, class V> HD void both_sides(const V* from, V* to) {
    V half[X::out * X::in];
    for (int i = 0; i < X::in; i++) X::apply(from + i, X::in, half + i, X::in);
    for (int i = 0; i < X::out; i++) X::apply(half + i * X::in, 1, to + i * X::out, 1);
}

// 16 weights to matrices [rows lanes] by To, or with `back` from them; the taps are two strides apart, negative where turned.
template <class To, class Back, class T> void taps_of(const Taps& a, T* weight, T* matrix, int64_t plane) {
    const T scale = T(1) / (To::scale * To::scale);
    lanes_t<T> g[9], u[To::out * To::out];
    if (a.back) {
        for (int i = 0; i < To::out * To::out; i++) u[i] = load(matrix + i * plane);
        both_sides<Back>(u, g);
    } else {
        for (int i = 0; i < 9; i++)
            for (int k = 0; k < LANES; k++) g[i][k] = weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride];
        both_sides<To>(g, u);
    }
    for (int i = 0; i < To::out * To::out && !a.back; i++) store(matrix + i * plane, u[i] * scale);
    for (int i = 0; i < 9 && a.back; i++)
        for (int k = 0; k < LANES; k++)
            weight[k * a.lane_stride + i / 3 * a.y_stride + i % 3 * a.x_stride] = g[i][k] * scale;
}

template <class T> int taps_cpu(const Taps& a, int64_t threads) {
    Matrices<T> all = matrices((T*)a.matrices, a.rows, a.lanes);
    parallel(a.lanes / LANES, a.rows * a.lanes * 36, threads, [&](int64_t first, int64_t last) {
        for (int64_t b = first; b < last; b++)
            for (int64_t r = 0; r < a.rows; r++) {
                T* weight = (T*)a.weight + r * a.row_stride + b * LANES * a.lane_stride;
                if (a.by2) taps_of<WeightsBy2, WeightGradientsBy2>(a, weight, all.row(b, r), all.plane);
                if (!a.by2) taps_of<Weights, WeightGradients>(a, weight, all.row(b, r), all.plane);
            }
    });
    return 0;
}
