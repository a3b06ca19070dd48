// The formulas of the elementwise operators in GLSL: name_value(x, first, second) of one input and name_value(a, b) of
// two, name_back(v, dy, first, second). After common/kernel.glsl.
//
// Comparisons look for NaN by its bits, since a compiler may assume that there is none. Functions that Vulkan leaves
// inaccurate, or undefined somewhere, are those of elementary.h. Results are precise: products are not contracted, nor
// sums reordered, so that an operator rounds alone as in a chain.
#define FN precise float
#define FN_INTEGER int
#define REAL float
#define LOCAL precise float
#define INTEGER int
#define TRUTH bool
#define R(c) float(c)
#define W(c) (c)
#define LESS(a, b) less(a, b)
#define MORE(a, b) less(b, a)
#define AT_MOST(a, b) at_most(a, b)
#define AT_LEAST(a, b) at_most(b, a)
#define EQUAL(a, b) equals(a, b)
#define BOTH(c, d) ((c) && (d))
#define EITHER(c, d) ((c) || (d))
#define NOT(c) (!(c))
#define SELECT(c, a, b) ((c) ? (a) : (b))
#define PICK(c, i, j) ((c) ? (i) : (j))
#define BITS(x) floatBitsToInt(x)
#define OF_BITS(i) intBitsToFloat(i)
#define TO_INTEGER(x) int(x)
#define TO_REAL(i) float(i)
#define NEAREST(x) roundEven(x)
#define ABS(x) abs(x)
#define CEIL(x) ceil(x)
#define COS(x) sine_of(x, 1)
#define ERF(x) erf_of(x)
#define EXP(x) exp_of(x)
#define EXPM1(x) expm1_of(x)
#define FLOOR(x) floor(x)
#define LIMIT(x, a, b) limit(x, a, b)
#define LOG(x) log_of(x)
#define LOG1P(x) log1p_of(x)
#define NORMAL_TAIL(x, bell) normal_tail(x, bell)
#define POW(x, y) pow_of(x, y)
#define ROUND(x) roundEven(x)
#define SIN(x) sine_of(x, 0)
#define SQRT(x) square_root(x)
#define TANH(x) tanh_of(x)

bool less(float a, float b)
{
    return a < b && !is_nan(a) && !is_nan(b);
}

bool at_most(float a, float b)
{
    return a <= b && !is_nan(a) && !is_nan(b);
}

bool equals(float a, float b)
{
    return a == b && !is_nan(a) && !is_nan(b);
}

float limit(float x, float least, float most)
{
    return less(x, least) ? least : less(most, x) ? most : x;
}

#include "common/elementary.h"

precise float square_root(float x)
{
    return is_nan(x) || x < 0.0 ? make_nan() : x == 0.0 ? x : sqrt(x);
}

// 32 binary digits of 2 / pi, of which the first 32 are before the point. Not an array: an index that varies would put it
// into memory on many GPUs.
uint two_over_pi(uint i)
{
    const uint low = i < 2u ? (i == 0u ? 0u : 0x28be60dbu) : i == 2u ? 0x9391054au : 0x7f09d5f4u;
    const uint high = i < 6u ? (i == 4u ? 0x7d4d3770u : 0x36d8a566u) : i == 6u ? 0x4f10e410u : 0x7f9458eau;
    return i < 4u ? low : high;
}

// The 32 digits from number 32 at + by on; by < 32.
uint two_over_pi_from(uint at, uint by)
{
    return by == 0u ? two_over_pi(at) : two_over_pi(at) << by | two_over_pi(at + 1u) >> 32u - by;
}

// Of 2 / pi, the 96 bits that matter for a float of this exponent, times its digits: the first two bits are the
// quarter, the others the part of it. Source: M. Payne, R. Hanek, "Radian reduction for trigonometric functions" (1983).
precise float sine_far(float x, int quarter)
{
    const uint bits = floatBitsToUint(x), shift = (bits >> 23u & 0xffu) - 126u, at = min(shift >> 5u, 4u), by = shift & 31u;
    const uint m = (bits & 0x7fffffu | 0x800000u) << 8u;
    uint carried, high, low, unused, carry;
    umulExtended(m, two_over_pi_from(at + 2u, by), carried, unused);
    umulExtended(m, two_over_pi_from(at + 1u, by), high, low);
    low = uaddCarry(low, carried, carry);
    high += m * two_over_pi_from(at, by) + carry;
    // The nearest quarter, so that the rest is signed.
    const bool up = (high & 0x20000000u) != 0u;
    int turned = int(high >> 30u) + (up ? 1 : 0);
    high &= 0x3fffffffu;
    if (up) {
        high = 0x3fffffffu - high + (low == 0u ? 1u : 0u);
        low = 0u - low;
    }
    const float part = float(high) * 9.31322574615478515625e-10 + float(low) * 2.168404344971009e-19;
    const float rest = (up ? -part : part) * 1.57079632679489662;
    // sin(-x) = -sin(x): of a negative number the rest and its quarters are negative.
    return (bits >> 31u) != 0u ? sine_in(-rest, quarter - turned) : sine_in(rest, quarter + turned);
}

precise float sine_of(float x, int quarter)
{
    const uint size = floatBitsToUint(x) & 0x7fffffffu;
    const float n = sine_quarters(x);
    if (size >= 0x7f800000u)
        return make_nan();
    return abs(x) < SINE_NEAR ? sine_in(sine_rest(x, n), int(n) + quarter) : sine_far(x, quarter);
}

#define VALUE(name) FN name##_value(REAL x, REAL no_first, REAL no_second)
#define VALUE_1(name, first) FN name##_value(REAL x, REAL first, REAL no_second)
#define VALUE_2(name, first, second) FN name##_value(REAL x, REAL first, REAL second)
#define BACK(name) FN name##_back(REAL v, REAL dy, REAL no_first, REAL no_second)
#define BACK_1(name, first) FN name##_back(REAL v, REAL dy, REAL first, REAL no_second)
#define BACK_2(name, first, second) FN name##_back(REAL v, REAL dy, REAL first, REAL second)
#define VALUE_OF_TWO(name) FN name##_value(REAL a, REAL b)

#include "common/elementwise.h"
