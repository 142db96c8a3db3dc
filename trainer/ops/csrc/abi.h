// The plain C interface: one struct of arguments per operation. trainer/ops/native/abi.py mirrors it.
// Every function returns 0, or what `adasweep_error` explains. `where` is a number of threads on a CPU, a stream on CUDA.
#pragma once
#include <cstdint>

#define ADASWEEP_ABI 4

enum Type : int64_t { FLOAT32 = 0, FLOAT64 = 1, BFLOAT16 = 2, FLOAT16 = 3 };
enum Act : int64_t { LINEAR, RELU, LRELU, TANH, SIGMOID, ELU, SELU, SOFTPLUS, SWISH };

// clamp(gain * act(x + bias)) and its derivatives by x, elements [outer channels inner].
// order 0: out = y; 1: out = dy * f'(u); 2: out = dy * v * f''(u). u = ref + bias, but order 1 of what is linear in
// pieces takes y for ref, no bias, and a gain above 0. bias may be null; it has the type of the elements.
struct Activate {
    int64_t type, act, order, outer, channels, inner;
    double alpha, gain, clamp;  // clamp NaN: none
    const void *ref, *bias, *dy, *v;
    void* out;
};

// Elements [n before channels after]: `after` is 1 where channels are innermost, otherwise `before` is.
// What belongs to a channel or a pixel is float32, or float64 beside float64 elements; null stands for 1 or 0.
// forward: y = clamp(lrelu(x * scale[n c] + noise[n p] + bias[c])), slope alpha.
// backward: g = dy * f'; dx = g * scale, dscale[n c] = sum_p g x, dnoise[n p] = sum_c g, dbias[n c] = sum_p g.
struct Finish {
    int64_t type, n, before, channels, after, noise_per_sample;
    double alpha, clamp;
    const void *x, *scale, *noise, *bias;
    void* y;  // read by backward
    const void* dy;
    void *dx, *dscale, *dnoise, *dbias;
};

// scale: out = x * s[n c]. dot: out[n c] = sum_p x y; where s is given too, also scaled = x * s.
struct Modulate {
    int64_t type, n, before, channels, after;
    const void *x, *y, *s;
    void *scaled, *dots;
};

// Zero insertion, padding, correlation with the filter [taps_y taps_x], decimation. Strides in elements.
// The filter is float32, or float64 beside float64. Where `separable`, it is column[taps_y] times row[taps_x].
struct Resample {
    int64_t type, n, channels, height, width, out_height, out_width;
    int64_t x_strides[4], y_strides[4];  // of n, c, h, w
    int64_t up_y, up_x, down_y, down_x, pad_y, pad_x, taps_y, taps_x, separable;
    const void *x, *filter, *column, *row;
    void* y;
};

// Bilinear look-up, zero outside: y[n c oy ox] = x[n c S(oy, ox)], S the affine map `theta` [n 2 3] between squares
// [-1, 1]^2 as in torch.nn.functional.affine_grid without aligned corners; float64. Both images are contiguous.
// adjoint: x and y change their parts, the sum over y is a gather.
struct Warp {
    int64_t type, adjoint, n, channels, height, width, out_height, out_width;
    const void *input, *theta;
    void* output;
};

// 3x3 convolutions by minimal filtering in float32 and float64, on CPUs only: padding 1 (SAME), or with stride 2 from 2 h + 1
// to h lines (DOWN) or back (UP). Images are [n height width channels], channels in multiples of 16; the workspace is
// `of_thread` elements for each thread, for `tiles` tiles of 4x4 pixels of the smaller image at a time.
// adasweep_convolve3: y [.. outputs] from x [.. inputs], matrices [inputs outputs] and perhaps a bias;
// adasweep_correlate3: matrices [inputs outputs] from x, which is the gradient of a result, and y, which was convolved.
enum Direction : int64_t { SAME, DOWN, UP };
struct Convolve3 {
    int64_t type, direction, n, inputs, outputs, x_height, x_width, y_height, y_width, tiles, of_thread;
    const void *x, *bias;
    void *y, *matrices, *workspace;
};

// The weights of a 3x3 convolution to matrices [rows lanes], 36 or with stride 2 (by2) 81, or with `back` from them. Strides in elements.
struct Taps {
    int64_t type, by2, back, rows, lanes, row_stride, lane_stride, y_stride, x_stride;
    void *weight, *matrices;
};

// An inverted residual block in float32 or float64, on CPUs only: each of expand, depthwise and project adds its bias, the first
// two are followed by ReLU6, and x is added if `residual`. Images are [n channels/16 height width 16], weights
// [outputs/16 inputs 16], of a depthwise convolution [channels/16 taps*taps 16], all padded with zeros. An odd line of padding
// comes last. With `stem`, expand is a 3x3 convolution with stride 2 of x [n 2h+1 2w+1 3]. The width of the result is a multiple
// of 4. The workspace is `of_thread` elements for each thread, for `together` times 16 expanded channels.
struct InvertedResidual {
    int64_t type, n, height, width, inputs, expanded, outputs, taps, stride, stem, residual, together, of_thread;
    const void *x, *expand, *expand_bias, *depthwise, *depthwise_bias, *project, *project_bias;
    void *y, *workspace;
};
