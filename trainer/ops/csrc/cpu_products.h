// Products of matrices stored 16 columns after 16, [block, row, LANES]: what fits the registers is summed at a time.
// Sums run over the columns of the left matrix in order, with fused multiply-add where the processor has it.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <type_traits>

#include "types.h"

const int LANES = 16;

template <class T, int COUNT> struct Vector { typedef T type __attribute__((vector_size(COUNT * sizeof(T)))); };
template <class T> using lanes_t = typename Vector<T, LANES>::type;

template <class V, class T> HD V load_as(const T* x) {
    V v;
    memcpy(&v, x, sizeof v);
    return v;
}
template <class T> HD lanes_t<T> load(const T* x) { return load_as<lanes_t<T>>(x); }
template <class V, class T> HD void store(T* x, V v) { memcpy(x, &v, sizeof v); }

// The bytes of a register, and how many registers of sums are enough to hide the time of a multiply-add: rows divide 16.
#if defined(__AVX512F__)
const int REGISTER = 64, SUMS = 16;
HD Vector<float, 16>::type fused(Vector<float, 16>::type a, Vector<float, 16>::type b, Vector<float, 16>::type c) {
    return (Vector<float, 16>::type)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
HD Vector<double, 8>::type fused(Vector<double, 8>::type a, Vector<double, 8>::type b, Vector<double, 8>::type c) {
    return (Vector<double, 8>::type)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#elif defined(__FMA__)
const int REGISTER = 32, SUMS = 8;
HD Vector<float, 8>::type fused(Vector<float, 8>::type a, Vector<float, 8>::type b, Vector<float, 8>::type c) {
    return (Vector<float, 8>::type)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
HD Vector<double, 4>::type fused(Vector<double, 4>::type a, Vector<double, 4>::type b, Vector<double, 4>::type c) {
    return (Vector<double, 4>::type)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#else
const int REGISTER = 16, SUMS = 8;
template <class V> HD V fused(V a, V b, V c) { return a * b + c; }
#endif

template <class T> struct Register {
    enum { lanes = REGISTER / sizeof(T), in_block = LANES / lanes, blocks = in_block > 1 ? 1 : 2 };
    typedef typename Vector<T, lanes>::type type;
};

// Element (r, k) of the left matrix: first[r * ROW + k / inner * far + k % inner * NEAR], k < outer * inner.
template <class T, int ROW, int NEAR> struct Left {
    const T* first;
    int64_t outer, inner, far;
    Left below(int64_t r) const { return {first + r * ROW, outer, inner, far}; }
};
template <class T> struct Right {
    const T* first;
    int64_t block;  // elements from one block of columns to the next
};
template <class T> struct Result {
    T* first;
    int64_t block;
    bool add;  // to what is there
    Result below(int64_t r) const { return {first + r * LANES, block, add}; }
    template <class V> void write(int64_t r, int64_t b, int64_t lane, V sum) const {
        T* to = first + r * LANES + b * block + lane;
        store(to, add ? load_as<V>(to) + sum : sum);
    }
};

// ROWS rows and BLOCKS blocks of the result.
template <int ROWS, int BLOCKS, class T, int ROW, int NEAR, class To>
void product(const Left<T, ROW, NEAR>& left, const Right<T>& right, const To& result) {
    typedef typename Register<T>::type vector;
    const int each = Register<T>::in_block, lanes = Register<T>::lanes, all = BLOCKS * each;
    vector sums[ROWS][all];
#pragma GCC unroll 24  // otherwise GCC calls memset, and the sums pass through memory
    for (int i = 0; i < ROWS * all; i++) sums[i / all][i % all] = vector{};
    const T* b = right.first;
    for (int64_t outer = 0; outer < left.outer; outer++) {
        const T* a = left.first + outer * left.far;
        for (int64_t k = 0; k < left.inner; k++, a += NEAR, b += LANES) {
            vector factors[all];
            for (int v = 0; v < all; v++) factors[v] = load_as<vector>(b + v / each * right.block + v % each * lanes);
            for (int r = 0; r < ROWS; r++)
                for (int v = 0; v < all; v++) sums[r][v] = fused(a[r * ROW] - vector{}, factors[v], sums[r][v]);
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < all; v++) result.write(r, v / each, v % each * lanes, sums[r][v]);
}

// All rows, as many at a time as there are sums, then half as many.
template <class T, int BLOCKS, int ROWS = SUMS / (BLOCKS * Register<T>::in_block), int ROW, int NEAR, class To>
void rows(int64_t count, const Left<T, ROW, NEAR>& left, const Right<T>& right, const To& result) {
    int64_t r = 0;
    for (; r + ROWS <= count; r += ROWS) product<ROWS, BLOCKS>(left.below(r), right, result.below(r));
    if constexpr (ROWS > 1) rows<T, BLOCKS, ROWS / 2>(count - r, left.below(r), right, result.below(r));
}

// Calls work(width, block) for as many blocks of columns at a time as are worth it; width.value is their number.
template <class T, class Work> void panels(int64_t blocks, const Work& work) {
    const int most = Register<T>::blocks;
    int64_t b = 0;
    for (; b + most <= blocks; b += most) work(std::integral_constant<int, most>(), b);
    for (; b < blocks; b++) work(std::integral_constant<int, 1>(), b);
}
