// `Activate` on a CPU: rows along the innermost axis, which the compiler vectorises.
#pragma once
#include "activation.h"
#include "channels.h"
#include "dispatch.h"
#include "parallel.h"

// Calls row(start, length, bias, step) for rows of elements; `step` is 1 where every element has a bias of its own, 0
// where a row shares one.
template <class T, class Row> void over_rows(const Activate& a, int64_t threads, const Row& row) {
    const T* bias = (const T*)a.bias;
    int64_t all = a.outer * a.channels * a.inner, rows = a.inner == 1 ? a.outer : a.outer * a.channels;
    if (!bias) return parallel(all, all, threads, [&](int64_t from, int64_t to) { row(from, to - from, bias, 0); });
    parallel(rows, all, threads, [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; i++) {
            if (a.inner == 1)
                row(i * a.channels, a.channels, bias, 1);
            else
                row(i * a.inner, a.inner, bias + i % a.channels, 0);
        }
    });
}

// out = op(ref + bias)
template <class T, class Op> void apply_to_rows(const Activate& a, int64_t threads, const Op& op) {
    typedef computed_t<T> R;
    over_rows<T>(a, threads, [&](int64_t start, int64_t length, const T* bias, int64_t step) {
        const T* __restrict__ x = (const T*)a.ref + start;
        T* __restrict__ out = (T*)a.out + start;
        if (step) return write(length, out, [=](int64_t i) { return op(R(widen(x[i]) + widen(bias[i]))); });
        R shared = bias ? R(widen(*bias)) : R(0);
        write(length, out, [=](int64_t i) { return op(R(widen(x[i])) + shared); });
    });
}

// out = dy * op(ref + bias), times v where there is one
template <class T, class Op> void multiply_rows(const Activate& a, int64_t threads, const Op& op) {
    typedef computed_t<T> R;
    over_rows<T>(a, threads, [&](int64_t start, int64_t length, const T* bias, int64_t step) {
        const T* __restrict__ x = (const T*)a.ref + start;
        const T* __restrict__ dy = (const T*)a.dy + start;
        const T* __restrict__ v = (const T*)a.v + (a.v ? start : 0);
        T* __restrict__ out = (T*)a.out + start;
        if (!bias && !v) return write(length, out, [=](int64_t i) { return widen(dy[i]) * op(R(widen(x[i]))); });
        write(length, out, [=](int64_t i) {
            R u = bias ? R(widen(x[i]) + widen(bias[i * step])) : R(widen(x[i]));
            return (v ? R(widen(dy[i]) * widen(v[i])) : R(widen(dy[i]))) * op(u);
        });
    });
}

template <class T> int activate_cpu(const Activate& a, int64_t threads) {
    typedef computed_t<T> R;
    const Shape<R> f = {R(a.alpha), R(a.gain), R(a.clamp)};
    const Pieces pieces;
    const Curved curved = {a.act};
    bool in_pieces = a.act <= LRELU;
    if (a.order == 0 && in_pieces) apply_to_rows<T>(a, threads, [=](R u) { return pieces.value(u, f); });
    if (a.order == 0 && !in_pieces) apply_to_rows<T>(a, threads, [=](R u) { return curved.value(u, f); });
    if (a.order == 1 && in_pieces) multiply_rows<T>(a, threads, [=](R y) { return pieces.slope(y, f); });
    if (a.order == 1 && !in_pieces) multiply_rows<T>(a, threads, [=](R u) { return curved.slope(u, f); });
    if (a.order == 2 && !in_pieces) multiply_rows<T>(a, threads, [=](R u) { return curved.bend(u, f); });
    return a.order == 2 && in_pieces ? 2 : 0;
}
