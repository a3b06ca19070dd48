#include "op/chain.h"

/* back: whether the gradient is made of x or y as well */
#define READS_OF_X true
#define READS_OF_Y true
#define READS_OF_NEITHER false
#define READS_CONSTANT false

const struct tenka_chain_step tenka_chain_steps[TENKA_CHAIN_OPS] = {
#define TENKA_UNARY(name, back, count, ...) \
    [TENKA_CHAIN_##name] = {false, count}, [TENKA_CHAIN_##name##_back] = {READS_##back, count},
#define TENKA_ACTIVATION(name, back, count, ...) TENKA_UNARY(name, back, count, )
#define TENKA_BINARY(name, ...) [TENKA_CHAIN_##name] = {true, 0}, [TENKA_CHAIN_##name##_turned] = {true, 0},
#include "shaders/common/elementwise.def"
};

/* The steps that a kernel is, by the read through which v comes: 1 more than enum tenka_chain_op, 0 for none. */
static const uint8_t by_kernel[TENKA_KERNEL_COUNT][2] = {
#define BACK_OF_X(name) [TENKA_KERNEL_##name##_dx] = {0, TENKA_CHAIN_##name##_back + 1},
#define BACK_OF_Y(name) BACK_OF_X(name)
#define BACK_OF_NEITHER(name) [TENKA_KERNEL_##name##_dx] = {TENKA_CHAIN_##name##_back + 1, 0},
#define BACK_CONSTANT(name)
#define TENKA_UNARY(name, back, ...) [TENKA_KERNEL_##name##_fwd] = {TENKA_CHAIN_##name + 1, 0}, BACK_##back(name)
#define TENKA_ACTIVATION(name, back, ...) TENKA_UNARY(name, back, )
#define TENKA_BINARY(name, ...) [TENKA_KERNEL_##name##_fwd] = {TENKA_CHAIN_##name + 1, TENKA_CHAIN_##name##_turned + 1},
#include "shaders/common/elementwise.def"
};
_Static_assert(TENKA_CHAIN_OPS < UINT8_MAX, "too many steps for a byte");

enum tenka_chain_op tenka_chain_step_of(enum tenka_kernel kernel, uint32_t through)
{
    const uint8_t step = through < 2 ? by_kernel[kernel][through] : 0;
    return step > 0 ? (enum tenka_chain_op)(step - 1) : TENKA_CHAIN_OPS;
}
