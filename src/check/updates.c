/* The cases of the optimizers' updates, made from their rows: each call at sizes around a workgroup, with gradients
 * that hurt, and turned round. */
#include "check/check.h"

/* Tables, laid out by hand. */
/* clang-format off */

#define UNPACK(...) __VA_ARGS__
#define SPAN(low, high) .lo = low, .hi = high

#define WITH_0(dims, range)
#define WITH_1(dims, range) F32(UNPACK dims, SPAN range),
#define WITH_2(dims, range) WITH_1(dims, range) WITH_1(dims, range)
#define WITH_3(dims, range) WITH_2(dims, range) WITH_1(dims, range)

/* dims in parentheses; sign, decay and factor are the first scalars of all. */
#define CASE(text, dims, states_, how_, range, sign, decay, factor, numbers, ...)                              \
    { .why = text, .in = { F32(UNPACK dims), F32(UNPACK dims, __VA_ARGS__), WITH_##states_(dims, range) },     \
      PARAMS(update, .states = states_, .how = how_), .scalars = { sign, decay, factor, UNPACK numbers } },
#define CALL(why, states, how, range, decay, numbers)                                       \
    CASE(why ": one element", (DIMS(1)), states, how, range, 1, decay, 1, numbers)                             \
    CASE(why ": one less than a workgroup", (DIMS(63)), states, how, range, 1, decay, 1, numbers)              \
    CASE(why ": a workgroup", (DIMS(64)), states, how, range, 1, decay, 1, numbers)                            \
    CASE(why ": one more than a workgroup", (DIMS(65)), states, how, range, 1, decay, 1, numbers)              \
    CASE(why ": a prime", (DIMS(1009)), states, how, range, 1, decay, 1, numbers)                              \
    CASE(why ": weights of a convolution", (DIMS(20, 1, 5, 5)), states, how, range, 1, decay, 1, numbers)      \
    CASE(why ": maximized", (DIMS(258)), states, how, range, -1, decay, 1, numbers)                            \
    CASE(why ": decoupled decay", (DIMS(257)), states, how, range, 1, 0, 0.999, numbers)                       \
    CASE(why ": a gradient of NaN", (DIMS(30)), states, how, range, 1, decay, 1, numbers, .fill = TENKA_FILL_NAN) \
    CASE(why ": small gradients", (DIMS(100)), states, how, range, 1, decay, 1, numbers, RANGE(-1e-3, 1e-3))

#define TENKA_UPDATE(name, states, numbers, cases) const struct tenka_op_case tenka_cases_##name[] = { cases { 0 } };
#include "shaders/common/updates.def"
