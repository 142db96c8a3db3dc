// Minimal filtering on a CPU (Lavin and Gray 2016, arXiv:1509.09308, Sec. 4): 4x4 pixels of a 3x3 convolution by 36 products
// instead of 144, F(4x4, 3x3), and of one with stride 2 by 81: the even lines meet two taps, F(4, 2), and the odd lines one.
#pragma once
#include "types.h"

// Each of these takes numbers `step` apart and writes numbers `to` apart: one of the two sides of X M X^T. A tile has one
// of these for every `pitch` lines of an image, beginning `before` lines before.
struct Pixels {  // B^T d
    enum { in = 6, out = 6, pitch = 4, before = 1 };
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
    enum { in = 6, out = 4, pitch = 4, shared = 0 };
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
    enum { in = 4, out = 6, pitch = 4, before = 0 };
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
    enum { in = 3, out = 6, scale = 24 };
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
    enum { in = 6, out = 3, scale = 24 };
    template <class V> static HD void apply(const V* u, int step, V* g, int to) {
        V a = 4 * (u[step] + u[2 * step]), b = 4 * (u[step] - u[2 * step]);
        V c = u[3 * step] + u[4 * step], d = u[3 * step] - u[4 * step];
        g[0] = 6 * u[0] - a + c;
        g[to] = 2 * d - b;
        g[2 * to] = 4 * c - a + 24 * u[5 * step];
    }
};

// The same with stride 2, by the points 0, 1, -1, 2 and infinity: five numbers of the even lines, then four of the odd
// ones, whose one tap infinity does not see.
struct PixelsBy2 {
    enum { in = 9, out = 9, pitch = 8, before = 0 };
    template <class V> static HD void apply(const V* d, int step, V* v, int to) {
        for (int odd = 0; odd < 2; odd++, d += step, v += 5 * to) {
            V last = d[6 * step];
            v[0] = 2 * (d[0] - d[4 * step]) - d[2 * step] + last;
            v[to] = last - d[4 * step] - 2 * d[2 * step];
            v[2 * to] = last - 3 * d[4 * step] + 2 * d[2 * step];
            v[3 * to] = last - d[2 * step];
            if (!odd) v[4 * to] = d[8 * step] - d[4 * step] - 2 * v[3 * to];
        }
    }
};
struct PixelsBy2Back {  // its transposed: the last of the even lines is the first of the next tile
    enum { in = 9, out = 9, pitch = 8, shared = 1 };
    template <class V> static HD void apply(const V* v, int step, V* d, int to) {
        for (int odd = 0; odd < 2; odd++, v += 5 * step, d += to) {
            V end = odd ? V{} : v[4 * step];
            d[0] = 2 * v[0];
            d[2 * to] = 2 * (v[2 * step] - v[step] + end) - v[0] - v[3 * step];
            d[4 * to] = -2 * v[0] - v[step] - 3 * v[2 * step] - end;
            d[6 * to] = v[0] + v[step] + v[2 * step] + v[3 * step] - 2 * end;
            if (!odd) d[8 * to] = end;
        }
    }
};
struct ResultsBy2 {
    enum { in = 5, out = 4, pitch = 4, shared = 0 };
    template <class V> static HD void apply(const V* m, int step, V* y, int to) {
        V a = m[step] + m[2 * step], b = m[step] - m[2 * step];
        y[0] = m[0] + a + m[3 * step];
        y[to] = b + 2 * m[3 * step];
        y[2 * to] = a + 4 * m[3 * step];
        y[3 * to] = b + 8 * m[3 * step] + m[4 * step];
    }
};
struct GradientsBy2 {
    enum { in = 4, out = 5, pitch = 4, before = 0 };
    template <class V> static HD void apply(const V* y, int step, V* v, int to) {
        V even = y[0] + y[2 * step], odd = y[step] + y[3 * step];
        v[0] = y[0];
        v[to] = even + odd;
        v[2 * to] = even - odd;
        v[3 * to] = y[0] + 2 * y[step] + 4 * y[2 * step] + 8 * y[3 * step];
        v[4 * to] = y[3 * step];
    }
};
struct WeightsBy2 {  // times 6
    enum { in = 3, out = 9, scale = 6 };
    template <class V> static HD void apply(const V* g, int step, V* u, int to) {
        u[0] = 3 * g[0];
        u[to] = -3 * (g[0] + g[2 * step]);
        u[2 * to] = g[2 * step] - g[0];
        u[3 * to] = g[0] + 2 * g[2 * step];
        u[4 * to] = 6 * g[2 * step];
        u[5 * to] = 3 * g[step];
        u[6 * to] = -3 * g[step];
        u[7 * to] = -g[step];
        u[8 * to] = g[step];
    }
};
struct WeightGradientsBy2 {  // times 6
    enum { in = 9, out = 3, scale = 6 };
    template <class V> static HD void apply(const V* u, int step, V* g, int to) {
        g[0] = 3 * (u[0] - u[step]) - u[2 * step] + u[3 * step];
        g[to] = 3 * (u[5 * step] - u[6 * step]) - u[7 * step] + u[8 * step];
        g[2 * to] = u[2 * step] - 3 * u[step] + 2 * u[3 * step] + 6 * u[4 * step];
    }
};

// Which planes are multiplied: those of the larger side have a matrix of weights each.
struct Plain {
    typedef Pixels larger;
    typedef Gradients smaller;
    enum { count = 36 };
    static int small(int plane) { return plane; }
    static bool again(int) { return false; }
};
struct By2 {
    typedef PixelsBy2 larger;
    typedef GradientsBy2 smaller;
    enum { count = 81 };
    static int small(int plane) { return plane / 9 % 5 * 5 + plane % 9 % 5; }
    static bool again(int plane) { return plane / 9 >= 5 || plane % 9 >= 5; }  // a smaller plane that came before
};
