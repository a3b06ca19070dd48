// The formulas of the elementwise operators in GLSL: name_value(x, first, second) of one input and name_value(a, b) of
// two, name_back(v, dy, first, second). After common/kernel.glsl.
//
// Comparisons look for NaN by its bits, since a compiler may assume that there is none. Functions that Vulkan leaves
// inaccurate, or undefined somewhere, are defined here.
#include "common/tanh.glsl"

float square_root(float x)
{
    return is_nan(x) || x < 0.0 ? make_nan() : sqrt(x);
}

#define FN float
#define REAL float
#define R(c) float(c)
#define LESS(a, b) ((a) < (b) && !is_nan(a) && !is_nan(b))
#define MORE(a, b) ((a) > (b) && !is_nan(a) && !is_nan(b))
#define AT_MOST(a, b) ((a) <= (b) && !is_nan(a) && !is_nan(b))
#define AT_LEAST(a, b) ((a) >= (b) && !is_nan(a) && !is_nan(b))
#define EQUAL(a, b) ((a) == (b) && !is_nan(a) && !is_nan(b))
#define SELECT(c, a, b) ((c) ? (a) : (b))
#define SQRT(x) square_root(x)
#define TANH(x) tanh_of(x)

#define VALUE(name) FN name##_value(REAL x, REAL no_first, REAL no_second)
#define VALUE_1(name, first) FN name##_value(REAL x, REAL first, REAL no_second)
#define VALUE_2(name, first, second) FN name##_value(REAL x, REAL first, REAL second)
#define BACK(name) FN name##_back(REAL v, REAL dy, REAL no_first, REAL no_second)
#define BACK_1(name, first) FN name##_back(REAL v, REAL dy, REAL first, REAL no_second)
#define BACK_2(name, first, second) FN name##_back(REAL v, REAL dy, REAL first, REAL second)
#define VALUE_OF_TWO(name) FN name##_value(REAL a, REAL b)

#include "common/elementwise.h"
