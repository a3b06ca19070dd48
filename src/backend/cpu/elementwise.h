/* The formulas of the elementwise operators in this precision: name_value(x, first, second) of one input and
 * name_value(a, b) of two, name_back(v, dy, first, second). */
#ifndef TENKA_CPU_ELEMENTWISE_H
#define TENKA_CPU_ELEMENTWISE_H

#include "backend/cpu/kernel.h"

#define FN static inline tenka_real
#define REAL tenka_real
#define LOCAL REAL
#define R(c) ((tenka_real)(c))
#define LESS(a, b) ((a) < (b))
#define MORE(a, b) ((a) > (b))
#define AT_MOST(a, b) ((a) <= (b))
#define AT_LEAST(a, b) ((a) >= (b))
#define EQUAL(a, b) ((a) == (b))
#define BOTH(c, d) ((c) && (d))
#define EITHER(c, d) ((c) || (d))
#define SELECT(c, a, b) ((c) ? (a) : (b))
#define ABS(x) fabs(x)
#define CEIL(x) ceil(x)
#define COS(x) cos(x)
#define ERF(x) erf(x)
#define EXP(x) exp(x)
#define EXPM1(x) expm1(x)
#define FLOOR(x) floor(x)
#define LOG(x) log(x)
#define LOG1P(x) log1p(x)
#define NORMAL_TAIL(x, bell) ((void)(bell), R(0.5) * erfc((x)*R(0.70710678118654752)))
#define POW(x, y) pow(x, y)
#define ROUND(x) nearbyint(x)
#define SIN(x) sin(x)
#define SQRT(x) sqrt(x)
#define TANH(x) tanh(x)

#define UNUSED __attribute__((unused))
#define VALUE(name) FN UNUSED name##_value(REAL x, UNUSED REAL no_first, UNUSED REAL no_second)
#define VALUE_1(name, first) FN UNUSED name##_value(REAL x, REAL first, UNUSED REAL no_second)
#define VALUE_2(name, first, second) FN UNUSED name##_value(REAL x, REAL first, REAL second)
#define BACK(name) FN UNUSED name##_back(UNUSED REAL v, REAL dy, UNUSED REAL no_first, UNUSED REAL no_second)
#define BACK_1(name, first) FN UNUSED name##_back(UNUSED REAL v, REAL dy, REAL first, UNUSED REAL no_second)
#define BACK_2(name, first, second) FN UNUSED name##_back(UNUSED REAL v, REAL dy, REAL first, UNUSED REAL second)
#define VALUE_OF_TWO(name) FN UNUSED name##_value(REAL a, REAL b)

#include "shaders/common/elementwise.h"

#endif
