// The CPU library: the operations of abi.h.
#include "cpu_activate.h"
#include "cpu_finish.h"
#include "cpu_inverted.h"
#include "cpu_modulate.h"
#include "cpu_resample.h"
#include "cpu_warp.h"
#include "cpu_winograd.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int64_t adasweep_abi() { return ADASWEEP_ABI; }
EXPORT const char* adasweep_error(int code) {
    return code == 1 ? "unknown type of elements" : "no second derivative of what is linear in pieces";
}

#define BY_TYPE(name, Arguments, function)                                                      \
    EXPORT int name(const Arguments* a, int64_t threads) {                                      \
        return with_type(a->type, [&](auto* zero) {                                             \
            return function<std::remove_pointer_t<decltype(zero)>>(*a, threads);                \
        });                                                                                     \
    }

BY_TYPE(adasweep_activate, Activate, activate_cpu)
BY_TYPE(adasweep_resample, Resample, resample_cpu)
BY_TYPE(adasweep_modulate, Modulate, modulate_cpu)
BY_TYPE(adasweep_finish, Finish, finish_cpu)
BY_TYPE(adasweep_finish_backward, Finish, finish_backward_cpu)
BY_TYPE(adasweep_warp, Warp, warp_cpu)

#define BY_WIDE_TYPE(name, Arguments, function)                                                 \
    EXPORT int name(const Arguments* a, int64_t threads) {                                      \
        if (a->type == FLOAT32) return function<float>(*a, threads);                            \
        return a->type == FLOAT64 ? function<double>(*a, threads) : 1;                          \
    }

BY_WIDE_TYPE(adasweep_convolve3, Convolve3, convolve3_cpu)
BY_WIDE_TYPE(adasweep_correlate3, Convolve3, correlate3_cpu)
BY_WIDE_TYPE(adasweep_taps, Taps, taps_cpu)
BY_WIDE_TYPE(adasweep_inverted_residual, InvertedResidual, inverted_residual_cpu)
