// The end of a modulated convolution: demodulation, noise, bias, leaky ReLU, clamp; shared by CPU and CUDA.
#pragma once
#include "activation.h"

template <class R> HD R finished(R x, R scale, R noise, R bias, const Shape<R>& f) {
    return Pieces().value(x * scale + noise + bias, f);
}

// The gradient before the activation; `y` tells its slope.
template <class R> HD R handed_on(R dy, R y, const Shape<R>& f) { return dy * Pieces().slope(y, f); }
