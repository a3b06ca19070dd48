/* The formulas of the elementwise operators on vectors: name_value(x, first, second) of one input and name_value(a, b)
 * of two, name_back(v, dy, first, second). */
#ifndef TENKA_FAST_ELEMENTWISE_H
#define TENKA_FAST_ELEMENTWISE_H

#include "backend/cpu/fast/elementary.h"

#define UNUSED __attribute__((unused))
#define VALUE(name) FN UNUSED name##_value(vec x, UNUSED vec no_first, UNUSED vec no_second)
#define VALUE_1(name, first) FN UNUSED name##_value(vec x, vec first, UNUSED vec no_second)
#define VALUE_2(name, first, second) FN UNUSED name##_value(vec x, vec first, vec second)
#define BACK(name) FN UNUSED name##_back(UNUSED vec v, vec dy, UNUSED vec no_first, UNUSED vec no_second)
#define BACK_1(name, first) FN UNUSED name##_back(UNUSED vec v, vec dy, vec first, UNUSED vec no_second)
#define BACK_2(name, first, second) FN UNUSED name##_back(UNUSED vec v, vec dy, vec first, UNUSED vec second)
#define VALUE_OF_TWO(name) FN UNUSED name##_value(vec a, vec b)

#include "shaders/common/elementwise.h"

#endif
