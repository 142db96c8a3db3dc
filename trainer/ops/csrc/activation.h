// The nine activations with first and second derivative, gain and clamp; shared by CPU and CUDA.
#pragma once
#include <math.h>

#include "abi.h"
#include "types.h"

#define SELU_ALPHA 1.6732632423543772848170429916717
#define SELU_SCALE 1.0507009873554804934193349852946

// What is around the activation. Without a clamp, `clamp` is NaN: nothing compares with it, and no loop asks about it.
template <class R> struct Shape {
    R alpha, gain, clamp;
    HD bool passes(R y) const { return !(y >= clamp) & !(y <= -clamp); }
    HD R clamped(R y) const { return y > clamp ? clamp : y < -clamp ? -clamp : y; }
};

// Linear in two pieces: slope `alpha` below 0 (1: linear, 0: relu). With gain > 0, the sign of y is the sign of u, so
// that the derivative can be told from y; there is no second one.
struct Pieces {
    template <class R> HD R value(R u, const Shape<R>& f) const { return f.clamped(f.gain * (u > 0 ? u : u * f.alpha)); }
    template <class R> HD R slope(R y, const Shape<R>& f) const {
        R slope = y > 0 ? f.gain : f.gain * f.alpha;
        return f.passes(y) ? slope : R(0);
    }
};

template <class R> HD R logistic(R u) { return R(1) / (R(1) + exp(-u)); }

struct Curved {
    int64_t act;

    template <class R> HD R plain(R u) const {
        switch (act) {
            case TANH: return tanh(u);
            case SIGMOID: return logistic(u);
            case ELU: return u > 0 ? u : expm1(u);
            case SELU: return R(SELU_SCALE) * (u > 0 ? u : R(SELU_ALPHA) * expm1(u));
            case SOFTPLUS: return u > 20 ? u : log1p(exp(u));
            default: return u * logistic(u);
        }
    }

    template <class R> HD R first(R u) const {
        R s = logistic(u);
        switch (act) {
            case TANH: return R(1) - tanh(u) * tanh(u);
            case SIGMOID: return s * (R(1) - s);
            case ELU: return u > 0 ? R(1) : exp(u);
            case SELU: return R(SELU_SCALE) * (u > 0 ? R(1) : R(SELU_ALPHA) * exp(u));
            case SOFTPLUS: return u > 20 ? R(1) : s;
            default: return s * (R(1) + u * (R(1) - s));
        }
    }

    template <class R> HD R second(R u) const {
        R s = logistic(u);
        switch (act) {
            case TANH: return R(-2) * tanh(u) * (R(1) - tanh(u) * tanh(u));
            case SIGMOID: return s * (R(1) - s) * (R(1) - R(2) * s);
            case ELU: return u > 0 ? R(0) : exp(u);
            case SELU: return u > 0 ? R(0) : R(SELU_SCALE * SELU_ALPHA) * exp(u);
            case SOFTPLUS: return u > 20 ? R(0) : s * (R(1) - s);
            default: return s * (R(1) - s) * (R(2) + u * (R(1) - R(2) * s));
        }
    }

    template <class R> HD R value(R u, const Shape<R>& f) const { return f.clamped(f.gain * plain(u)); }
    template <class R> HD R slope(R u, const Shape<R>& f) const {
        return f.passes(f.gain * plain(u)) ? f.gain * first(u) : R(0);
    }
    template <class R> HD R bend(R u, const Shape<R>& f) const {
        return f.passes(f.gain * plain(u)) ? f.gain * second(u) : R(0);
    }
};
