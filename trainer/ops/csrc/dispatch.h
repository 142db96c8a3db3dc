// From the code of a type to a template argument.
#pragma once
#include <type_traits>

#include "abi.h"
#include "types.h"

// Calls f with a null pointer to the type of elements; returns what f does, or 1 for an unknown type.
template <class F> int with_type(int64_t type, F f) {
    switch (type) {
        case FLOAT32: return f((float*)0);
        case FLOAT64: return f((double*)0);
        case BFLOAT16: return f((bfloat_t*)0);
        case FLOAT16: return f((half_t*)0);
    }
    return 1;
}
