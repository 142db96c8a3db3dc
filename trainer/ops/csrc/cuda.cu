// The CUDA library: the operations of abi.h. Every element is computed by the functions the CPU library uses; sums are
// taken in a fixed order, without atomics, so that results repeat to the bit.
#include <cuda_runtime.h>

#include "activation.h"
#include "dispatch.h"
#include "finishing.h"
#include "resampling.h"
#include "warping.h"

#define EXPORT extern "C" __attribute__((visibility("default")))
#define EACH(i, count) \
    for (int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; i < (count); i += int64_t(gridDim.x) * blockDim.x)

const int THREADS = 256, TILE = 32, ROWS = THREADS / TILE;
const int64_t MOST_BLOCKS = 1 << 16;

static unsigned blocks_for(int64_t work, int64_t per_block = THREADS) {
    int64_t blocks = (work + per_block - 1) / per_block;
    return unsigned(blocks < 1 ? 1 : blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS);
}

static int launched() { return int(-cudaGetLastError()); }

template <class T, bool pieces, int order> __global__ void activate_kernel(Activate a) {
    typedef computed_t<T> R;
    const Shape<R> f = {R(a.alpha), R(a.gain), R(a.clamp)};
    const Curved curved = {a.act};
    EACH(i, a.outer * a.channels * a.inner) {
        R u = widen(((const T*)a.ref)[i]);
        if (a.bias) u += widen(((const T*)a.bias)[i / a.inner % a.channels]);
        R y;
        if (order == 0) y = pieces ? Pieces().value(u, f) : curved.value(u, f);
        if (order == 1) y = widen(((const T*)a.dy)[i]) * (pieces ? Pieces().slope(u, f) : curved.slope(u, f));
        if (order == 2) y = R(widen(((const T*)a.dy)[i]) * widen(((const T*)a.v)[i])) * curved.bend(u, f);
        narrow(y, ((T*)a.out)[i]);
    }
}

template <class T> int activate_cuda(const Activate& a, cudaStream_t stream) {
    unsigned blocks = blocks_for(a.outer * a.channels * a.inner);
    bool pieces = a.act <= LRELU;
    if (pieces && a.order == 0) activate_kernel<T, true, 0><<<blocks, THREADS, 0, stream>>>(a);
    if (pieces && a.order == 1) activate_kernel<T, true, 1><<<blocks, THREADS, 0, stream>>>(a);
    if (!pieces && a.order == 0) activate_kernel<T, false, 0><<<blocks, THREADS, 0, stream>>>(a);
    if (!pieces && a.order == 1) activate_kernel<T, false, 1><<<blocks, THREADS, 0, stream>>>(a);
    if (!pieces && a.order == 2) activate_kernel<T, false, 2><<<blocks, THREADS, 0, stream>>>(a);
    return pieces && a.order == 2 ? 2 : launched();
}

template <class T> __global__ void resample_kernel(Resample a) {
    bool innermost = a.y_strides[1] == 1;
    EACH(i, a.n * a.channels * a.out_height * a.out_width) {
        int64_t rest = i, c = 0;
        if (innermost) {
            c = rest % a.channels;
            rest /= a.channels;
        }
        int64_t ox = rest % a.out_width, oy = rest / a.out_width % a.out_height, n = rest / (a.out_width * a.out_height);
        if (!innermost) {
            c = n % a.channels;
            n /= a.channels;
        }
        T* y = (T*)a.y + n * a.y_strides[0] + c * a.y_strides[1] + oy * a.y_strides[2] + ox * a.y_strides[3];
        narrow(resampled<T>(a, n, c, oy, ox), *y);
    }
}

template <class T> int resample_cuda(const Resample& a, cudaStream_t stream) {
    resample_kernel<T><<<blocks_for(a.n * a.channels * a.out_height * a.out_width), THREADS, 0, stream>>>(a);
    return launched();
}

// What belongs to an element [n before channels after].
struct Where {
    int64_t channel, sample, pixel;
};

template <class Arguments> HD Where where(const Arguments& a, int64_t i) {
    int64_t c = i / a.after % a.channels, before = i / (a.after * a.channels) % a.before;
    int64_t n = i / (a.after * a.channels * a.before);
    return {n * a.channels + c, n, before * a.after + i % a.after};
}

// Sums term(element) over the pixels of every channel of every sample, to out[n c]; a block sums TILE channels.
template <class R, class Arguments, class Term> __device__ void channel_sums(const Arguments& a, R* out, const Term& term) {
    __shared__ R part[THREADS];
    int64_t pixels = a.before * a.after, tiles = (a.channels + TILE - 1) / TILE;
    for (int64_t tile = blockIdx.x; tile < a.n * tiles; tile += gridDim.x) {
        int64_t n = tile / tiles, c = tile % tiles * TILE + threadIdx.x % TILE;
        R sum = 0;
        if (c < a.channels)
            for (int64_t p = threadIdx.x / TILE; p < pixels; p += ROWS)
                sum += term(a.after == 1 ? (n * pixels + p) * a.channels + c : (n * a.channels + c) * pixels + p);
        part[threadIdx.x] = sum;
        __syncthreads();
        for (int half = ROWS / 2; half > 0; half /= 2) {
            if (threadIdx.x < half * TILE) part[threadIdx.x] += part[threadIdx.x + half * TILE];
            __syncthreads();
        }
        if (threadIdx.x < TILE && c < a.channels) out[n * a.channels + c] = part[threadIdx.x];
        __syncthreads();
    }
}

template <class T> __global__ void scale_kernel(Modulate a) {
    typedef computed_t<T> R;
    EACH(i, a.n * a.before * a.channels * a.after)
    narrow(widen(((const T*)a.x)[i]) * ((const R*)a.s)[where(a, i).channel], ((T*)a.scaled)[i]);
}

template <class T> __global__ void dot_kernel(Modulate a) {
    typedef computed_t<T> R;
    const T *x = (const T*)a.x, *y = (const T*)a.y;
    channel_sums<R>(a, (R*)a.dots, [=](int64_t i) { return R(widen(x[i]) * widen(y[i])); });
}

template <class T> int modulate_cuda(const Modulate& a, cudaStream_t stream) {
    int64_t tiles = a.n * ((a.channels + TILE - 1) / TILE);
    if (a.scaled) scale_kernel<T><<<blocks_for(a.n * a.before * a.channels * a.after), THREADS, 0, stream>>>(a);
    if (a.dots) dot_kernel<T><<<blocks_for(tiles, 1), THREADS, 0, stream>>>(a);
    return launched();
}

template <class T> HD Shape<computed_t<T>> shape_of(const Finish& a) {
    typedef computed_t<T> R;
    return {R(a.alpha), R(1), R(a.clamp)};
}

template <class T> __global__ void finish_kernel(Finish a) {
    typedef computed_t<T> R;
    EACH(i, a.n * a.before * a.channels * a.after) {
        Where at = where(a, i);
        R scale = a.scale ? ((const R*)a.scale)[at.channel] : R(1);
        R bias = a.bias ? ((const R*)a.bias)[at.channel % a.channels] : R(0);
        int64_t pixels = a.before * a.after;
        R noise = a.noise ? ((const R*)a.noise)[at.pixel + (a.noise_per_sample ? at.sample * pixels : 0)] : R(0);
        narrow(finished(R(widen(((const T*)a.x)[i])), scale, noise, bias, shape_of<T>(a)), ((T*)a.y)[i]);
    }
}

template <class T> HD computed_t<T> handed_on_at(const Finish& a, int64_t i) {
    return handed_on(computed_t<T>(widen(((const T*)a.dy)[i])), computed_t<T>(widen(((const T*)a.y)[i])), shape_of<T>(a));
}

template <class T> __global__ void finish_dx_kernel(Finish a) {
    typedef computed_t<T> R;
    EACH(i, a.n * a.before * a.channels * a.after) {
        R scale = a.scale ? ((const R*)a.scale)[where(a, i).channel] : R(1);
        narrow(handed_on_at<T>(a, i) * scale, ((T*)a.dx)[i]);
    }
}

template <class T> __global__ void finish_dscale_kernel(Finish a) {
    typedef computed_t<T> R;
    channel_sums<R>(a, (R*)a.dscale, [=](int64_t i) { return handed_on_at<T>(a, i) * widen(((const T*)a.x)[i]); });
}

template <class T> __global__ void finish_dbias_kernel(Finish a) {
    channel_sums<computed_t<T>>(a, (computed_t<T>*)a.dbias, [=](int64_t i) { return handed_on_at<T>(a, i); });
}

// One warp sums the channels of a pixel.
template <class T> __global__ void finish_dnoise_kernel(Finish a) {
    typedef computed_t<T> R;
    int64_t pixels = a.before * a.after, lane = threadIdx.x % TILE;
    for (int64_t at = blockIdx.x * int64_t(ROWS) + threadIdx.x / TILE; at < a.n * pixels; at += int64_t(gridDim.x) * ROWS) {
        int64_t n = at / pixels, p = at % pixels;
        R sum = 0;
        for (int64_t c = lane; c < a.channels; c += TILE)
            sum += handed_on_at<T>(a, a.after == 1 ? at * a.channels + c : (n * a.channels + c) * pixels + p);
        for (int half = TILE / 2; half > 0; half /= 2) sum += __shfl_down_sync(0xffffffff, sum, half);
        if (lane == 0) ((R*)a.dnoise)[at] = sum;
    }
}

template <class T> int finish_cuda(const Finish& a, cudaStream_t stream) {
    finish_kernel<T><<<blocks_for(a.n * a.before * a.channels * a.after), THREADS, 0, stream>>>(a);
    return launched();
}

template <class T> int finish_backward_cuda(const Finish& a, cudaStream_t stream) {
    int64_t tiles = a.n * ((a.channels + TILE - 1) / TILE);
    finish_dx_kernel<T><<<blocks_for(a.n * a.before * a.channels * a.after), THREADS, 0, stream>>>(a);
    finish_dscale_kernel<T><<<blocks_for(tiles, 1), THREADS, 0, stream>>>(a);
    finish_dbias_kernel<T><<<blocks_for(tiles, 1), THREADS, 0, stream>>>(a);
    if (a.dnoise) finish_dnoise_kernel<T><<<blocks_for(a.n * a.before * a.after, ROWS), THREADS, 0, stream>>>(a);
    return launched();
}

template <class T> __global__ void warp_kernel(Warp a) {
    int64_t high = a.adjoint ? a.height : a.out_height, wide = a.adjoint ? a.width : a.out_width;
    int64_t given = a.adjoint ? a.out_height * a.out_width : a.height * a.width;
    EACH(i, a.n * a.channels * high * wide) {
        int64_t x = i % wide, y = i / wide % high, plane = i / (wide * high);
        const double* theta = (const double*)a.theta + plane / a.channels * 6;
        Affine m = in_pixels(theta, a.height, a.width, a.out_height, a.out_width);
        const T* from = (const T*)a.input + plane * given;
        narrow(a.adjoint ? handed_back(from, m, x, y, a.out_height, a.out_width)
                         : looked_up(from, a.height, a.width, m.x(x, y), m.y(x, y)), ((T*)a.output)[i]);
    }
}

template <class T> int warp_cuda(const Warp& a, cudaStream_t stream) {
    int64_t count = a.n * a.channels * (a.adjoint ? a.height * a.width : a.out_height * a.out_width);
    warp_kernel<T><<<blocks_for(count), THREADS, 0, stream>>>(a);
    return launched();
}

EXPORT int64_t adasweep_abi() { return ADASWEEP_ABI; }
EXPORT const char* adasweep_error(int code) {
    if (code < 0) return cudaGetErrorString(cudaError_t(-code));
    return code == 1 ? "unknown type of elements" : "no second derivative of what is linear in pieces";
}

#define BY_TYPE(name, Arguments, function)                                                      \
    EXPORT int name(const Arguments* a, cudaStream_t stream) {                                  \
        return with_type(a->type, [&](auto* zero) {                                             \
            return function<std::remove_pointer_t<decltype(zero)>>(*a, stream);                 \
        });                                                                                     \
    }

BY_TYPE(adasweep_activate, Activate, activate_cuda)
BY_TYPE(adasweep_resample, Resample, resample_cuda)
BY_TYPE(adasweep_modulate, Modulate, modulate_cuda)
BY_TYPE(adasweep_finish, Finish, finish_cuda)
BY_TYPE(adasweep_finish_backward, Finish, finish_backward_cuda)
BY_TYPE(adasweep_warp, Warp, warp_cuda)
