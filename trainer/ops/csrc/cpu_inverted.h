// Inverted residual blocks (Sandler et al. 2018, Fig. 4) on a CPU: some expanded channels at a time, which stay in the caches.
#pragma once
#include "abi.h"
#include "cpu_products.h"
#include "parallel.h"

template <class V> HD V relu6(V v) {
    v = v > 0 ? v : V{};
    return v < 6 ? v : V{} + 6;
}

// A result to which a bias is added, and ReLU6 applied.
template <class T> struct Activated {
    T* first;
    int64_t block;
    const T* bias;
    Activated below(int64_t r) const { return {first + r * LANES, block, bias}; }
    template <class V> void write(int64_t r, int64_t b, int64_t lane, V sum) const {
        store(first + r * LANES + b * block + lane, relu6(sum + load_as<V>(bias + b * LANES + lane)));
    }
};

// The sizes of a block: images, of expanded ones the frame of zeros, and results.
template <class T> struct Inverted {
    const InvertedResidual& a;
    int64_t before = (a.taps - a.stride) / 2, high = a.height - a.stride + a.taps, wide = a.width - a.stride + a.taps;
    int64_t down = a.height / a.stride, across = a.width / a.stride, line = (2 * a.width + 1) * 3;  // of what a stem reads
    int64_t framed = high * wide * LANES, plane = down * across * LANES, inputs = a.stem ? 27 : a.inputs;
    int64_t x_size = a.stem ? (2 * a.height + 1) * line : a.height * a.width * a.inputs, y_size = down * across * a.outputs;

    // y = bias, + x
    void begin(const T* x, T* y) const {
        for (int64_t b = 0; b < a.outputs / LANES; b++) {
            lanes_t<T> bias = load((const T*)a.project_bias + b * LANES);
            for (int64_t i = b * plane; i < (b + 1) * plane; i += LANES) store(y + i, a.residual ? bias + load(x + i) : bias);
        }
    }

    // Blocks of channels from `first` on, inside their frames.
    void expand(const T* x, int64_t first, int64_t count, T* to) const {
        panels<T>(count, [&](auto width, int64_t b) {
            const int blocks = decltype(width)::value;
            int64_t at = (first + b) * LANES;
            Right<T> weight{(const T*)a.expand + at * inputs, inputs * LANES};
            for (int64_t h = 0; h < a.height; h++) {
                Activated<T> line_of{to + b * framed + ((h + before) * wide + before) * LANES, framed, (const T*)a.expand_bias + at};
                Left<T, 6, 1> colours{x + 2 * h * line, 3, 9, line};
                Left<T, LANES, 1> channels{x + h * a.width * LANES, a.inputs / LANES, LANES, a.height * a.width * LANES};
                if (a.stem) rows<T, blocks>(a.width, colours, weight, line_of);
                if (!a.stem) rows<T, blocks>(a.width, channels, weight, line_of);
            }
        });
    }

    // 4 pixels of a register of channels.
    template <int TAPS, int STRIDE> void taps(const T* x, const T* weight, const T* bias, T* y) const {
        typename Register<T>::type sums[4];
        for (auto& sum : sums) sum = load_as<decltype(sum + sum)>(bias);
        for (int i = 0; i < TAPS; i++, x += wide * LANES)
#pragma GCC unroll 5
            for (int j = 0; j < TAPS; j++, weight += LANES) {
                auto tap = load_as<typename Register<T>::type>(weight);
#pragma GCC unroll 4
                for (int p = 0; p < 4; p++) sums[p] = fused(load_as<decltype(tap)>(x + (p * STRIDE + j) * LANES), tap, sums[p]);
            }
        for (int p = 0; p < 4; p++) store(y + p * LANES, relu6(sums[p]));
    }

    template <int TAPS, int STRIDE> void filter(const T* x, const T* weight, const T* bias, T* y) const {
        for (int64_t h = 0; h < down; h++)
            for (int64_t w = 0; w < across; w += 4)
                for (int lane = 0; lane < LANES; lane += Register<T>::lanes)
                    taps<TAPS, STRIDE>(x + (h * wide + w) * STRIDE * LANES + lane, weight + lane, bias + lane,
                                       y + (h * across + w) * LANES + lane);
    }

    void depthwise(const T* x, int64_t first, int64_t count, T* y) const {
        const T *weight = (const T*)a.depthwise + first * a.taps * a.taps * LANES, *bias = (const T*)a.depthwise_bias + first * LANES;
        for (int64_t b = 0; b < count; b++, x += framed, weight += a.taps * a.taps * LANES, bias += LANES, y += plane) {
            if (a.taps == 3 && a.stride == 1) filter<3, 1>(x, weight, bias, y);
            if (a.taps == 3 && a.stride == 2) filter<3, 2>(x, weight, bias, y);
            if (a.taps == 5 && a.stride == 1) filter<5, 1>(x, weight, bias, y);
            if (a.taps == 5 && a.stride == 2) filter<5, 2>(x, weight, bias, y);
        }
    }

    // y += what these blocks of channels add to it
    void project(const T* x, int64_t first, int64_t count, T* y) const {
        panels<T>(a.outputs / LANES, [&](auto width, int64_t b) {
            Left<T, LANES, 1> left{x, count, LANES, plane};
            Right<T> weight{(const T*)a.project + (b * a.expanded + first * LANES) * LANES, a.expanded * LANES};
            rows<T, decltype(width)::value>(down * across, left, weight, Result<T>{y + b * plane, plane, true});
        });
    }

    void image(const T* x, T* y, T* expanded) const {
        T* filtered = expanded + a.together * framed;
        begin(x, y);
        for (int64_t c = 0; c < a.expanded / LANES; c += a.together) {
            int64_t left = a.expanded / LANES - c, count = left < a.together ? left : a.together;
            expand(x, c, count, expanded);
            depthwise(expanded, c, count, filtered);
            project(filtered, c, count, y);
        }
    }
};

template <class T> int inverted_residual_cpu(const InvertedResidual& a, int64_t threads) {
    Inverted<T> block{a};
    parallel(threads, a.n * a.height * a.width * a.expanded, threads, [&](int64_t first, int64_t last) {
        T* space = (T*)a.workspace + first * a.of_thread;
        memset((void*)space, 0, a.of_thread * sizeof(T));  // the frames; what is inside of them is written before it is read
        for (int64_t n = a.n * first / threads; n < a.n * last / threads; n++)
            block.image((const T*)a.x + n * block.x_size, (T*)a.y + n * block.y_size, space);
    });
    return 0;
}
