// Bilinear look-up through an affine map, and its adjoint as a gather; shared by CPU and CUDA.
#pragma once
#include <math.h>

#include "abi.h"
#include "types.h"

// The map from an output pixel (x, y) to a place in the source, both counted in pixels.
struct Affine {
    double xx, xy, x0, yx, yy, y0;
    HD double x(double ox, double oy) const { return xx * ox + xy * oy + x0; }
    HD double y(double ox, double oy) const { return yx * ox + yy * oy + y0; }
};

HD Affine in_pixels(const double* theta, double height, double width, double out_height, double out_width) {
    double sx = width / out_width, sy = height / out_height;
    double left = 1 / out_width - 1, top = 1 / out_height - 1;  // the square's coordinates of pixel (0, 0)
    double x0 = theta[0] * left + theta[1] * top + theta[2], y0 = theta[3] * left + theta[4] * top + theta[5];
    return {theta[0] * sx,
            theta[1] * width / out_height,
            ((x0 + 1) * width - 1) / 2,
            theta[3] * height / out_width,
            theta[4] * sy,
            ((y0 + 1) * height - 1) / 2};
}

// Share of source pixel `pixel` in a look-up at `place`, along one axis.
template <class R> HD R share(double place, int64_t pixel) {
    double low = floor(place);
    R beyond = R(place - low);
    return double(pixel) == low ? R(1) - beyond : double(pixel) == low + 1 ? beyond : R(0);
}

template <class T, class R = computed_t<T>>
HD R looked_up(const T* plane, int64_t height, int64_t width, double x, double y) {
    int64_t left = int64_t(floor(x)), top = int64_t(floor(y));
    R sum = 0;
    for (int64_t j = top; j <= top + 1; j++)
        for (int64_t i = left; i <= left + 1; i++)
            if (i >= 0 && i < width && j >= 0 && j < height)
                sum += share<R>(x, i) * share<R>(y, j) * widen(plane[j * width + i]);
    return sum;
}

// Output pixels that may look at a source pixel: a box around the inverse image of its two by two neighbourhood.
struct Box {
    int64_t left, right, top, bottom;  // right and bottom excluded
};

HD int64_t within(double value, int64_t side) { return value < 0 ? 0 : value > double(side) ? side : int64_t(value); }

HD Box lookers(const Affine& m, int64_t px, int64_t py, int64_t out_height, int64_t out_width) {
    double det = m.xx * m.yy - m.xy * m.yx;
    if (fabs(det) < 1e-12) return {0, out_width, 0, out_height};
    double dx = px - m.x0, dy = py - m.y0;
    double x = (m.yy * dx - m.xy * dy) / det, y = (m.xx * dy - m.yx * dx) / det;
    double wide = (fabs(m.yy) + fabs(m.xy)) / fabs(det) + 1e-6, high = (fabs(m.xx) + fabs(m.yx)) / fabs(det) + 1e-6;
    return {within(ceil(x - wide), out_width), within(floor(x + wide) + 1, out_width),
            within(ceil(y - high), out_height), within(floor(y + high) + 1, out_height)};
}

// One pixel of the adjoint: the sum of all that looked at (px, py), in a fixed order.
template <class T, class R = computed_t<T>>
HD R handed_back(const T* looked, const Affine& m, int64_t px, int64_t py, int64_t out_height, int64_t out_width) {
    Box box = lookers(m, px, py, out_height, out_width);
    R sum = 0;
    for (int64_t oy = box.top; oy < box.bottom; oy++)
        for (int64_t ox = box.left; ox < box.right; ox++) {
            R weight = share<R>(m.x(ox, oy), px) * share<R>(m.y(ox, oy), py);
            if (weight != 0) sum += weight * widen(looked[oy * out_width + ox]);
        }
    return sum;
}
