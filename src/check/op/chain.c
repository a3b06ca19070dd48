#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define STEPS(n, ...) PARAMS(chain, .steps = n, __VA_ARGS__)

const struct tenka_op_case tenka_cases_chain[] = {
    { .why = "one element, one step", .in = { X(1) }, STEPS(1, .op = { TENKA_CHAIN_relu }) },
    { .why = "a residual connection", .in = { X(2, 3, 5, 7), X(2, 3, 5, 7) },
      STEPS(2, .op = { TENKA_CHAIN_add, TENKA_CHAIN_relu }, .arg = { 1 }) },
    { .why = "every operation on one input", .in = { X(257) },
      STEPS(3, .op = { TENKA_CHAIN_scale, TENKA_CHAIN_tanh, TENKA_CHAIN_relu }), .scalars = { -1.5 } },
    { .why = "every operation on two", .in = { X(1009), X(1009), X(1009), X(1009) },
      STEPS(5, .op = { TENKA_CHAIN_mul, TENKA_CHAIN_sub, TENKA_CHAIN_sub_turned, TENKA_CHAIN_add, TENKA_CHAIN_relu_back },
            .arg = { 1, 2, 3, 0, 1 }) },
    { .why = "all steps, one input again and again", .in = { X(65), X(65) },
      STEPS(6, .op = { TENKA_CHAIN_add, TENKA_CHAIN_add, TENKA_CHAIN_mul, TENKA_CHAIN_sub, TENKA_CHAIN_add,
                       TENKA_CHAIN_relu }, .arg = { 1, 0, 1, 1, 1 }) },
    { .why = "NaN and infinities", .in = { F32(DIMS(300), .fill = TENKA_FILL_SPECIAL), X(300) },
      STEPS(3, .op = { TENKA_CHAIN_relu, TENKA_CHAIN_add, TENKA_CHAIN_relu_back }, .arg = { 0, 1, 0 }) },
    { 0 },
};
