// Elementary functions of floats, to a few units in the last place, in the language that the CPU's vectors and GLSL
// share: that of elementwise.h, and of integers of 32 bits
//   INTEGER                their type: as many as a REAL has floats
//   BITS(x), OF_BITS(i)    the bits of a float as an integer, and back
//   TO_INTEGER(x), TO_REAL(i)     conversions of numbers
//   NEAREST(x)           the nearest whole number, where |x| < 2^22
//   PICK(c, i, j)        SELECT of integers
//   LIMIT(x, a, b)       x within a .. b, else the nearer end; NaN stays
//   W(c)                 a constant
// Every product and sum here is rounded, or is part of a fused multiply-add that rounds less; where digits are split
// that is allowed for. Subnormal numbers are told by their bits, since devices may take them for 0.
// Sources: S. L. Moshier, "Methods and programs for mathematical functions" (1989), whose Cephes has the polynomials of
// exp, log, sin, cos and tanh; N. Juffa's erff, published on Stack Overflow (35148198), for erf.

// 2^n for whole n from -126 to 127
FN power_of_two(INTEGER n)
{
    return OF_BITS((n + 127) << 23);
}

// y 2^n for whole n from -250 to 250, in two factors, as the power may leave float's range where the product does not.
#ifndef TIMES_POWER
#define TIMES_POWER(y, n) times_power(y, n)
FN times_power(REAL y, REAL n)
{
    const INTEGER whole = TO_INTEGER(n), halved = whole >> 1;
    return y * power_of_two(halved) * power_of_two(whole - halved);
}
#endif

FN infinity(void)
{
    return OF_BITS(W(0x7f800000));
}

FN not_a_number(void)
{
    return OF_BITS(W(0x7fc00000));
}

// ---- Exponentials ----

// exp(r) - 1 - r of |r| <= log(2) / 2
FN exp_rest(REAL r)
{
    LOCAL y = R(1.9875691500e-4);
    y = y * r + R(1.3981999507e-3);
    y = y * r + R(8.3334519073e-3);
    y = y * r + R(4.1665795894e-2);
    y = y * r + R(1.6666665459e-1);
    y = y * r + R(5.0000001201e-1);
    return y * (r * r);
}

// x - n log(2), the logarithm in two parts: n times the first is exact.
FN exp_reduced(REAL x, REAL n)
{
    return x - n * R(0.693359375) - n * R(-2.12194440e-4);
}

FN exp_of(REAL x)
{
    // What is cut off overflows, or is below half of the smallest number.
    const LOCAL t = LIMIT(x, R(-104), R(89));
    const LOCAL n = NEAREST(t * R(1.44269504));
    const LOCAL r = exp_reduced(t, n);
    const LOCAL y = exp_rest(r) + r + R(1);
    return TIMES_POWER(y, n);
}

FN expm1_of(REAL x)
{
    const LOCAL t = LIMIT(x, R(-30), R(89));
    const LOCAL n = NEAREST(t * R(1.44269504));
    const LOCAL r = exp_reduced(t, n);
    const LOCAL scale = power_of_two(TO_INTEGER(n - R(1))); // half of the power, which may be 2^128
    const LOCAL y = R(2) * (scale * (exp_rest(r) + r) + (scale - R(0.5)));
    return SELECT(LESS(ABS(x), R(1e-8)), x, y);
}

FN tanh_of(REAL x)
{
    const LOCAL size = ABS(x), square = x * x;
    LOCAL near = R(-5.70498872745e-3);
    near = near * square + R(2.06390887954e-2);
    near = near * square + R(-5.37397155531e-2);
    near = near * square + R(1.33314422036e-1);
    near = near * square + R(-3.33332819422e-1);
    near = x * (near * square + R(1)); // -0 stays -0
    const LOCAL far = R(1) - R(2) / (exp_of(size + size) + R(1));
    return SELECT(LESS(size, R(0.625)), near, SELECT(LESS(x, R(0)), -far, far));
}

FN erf_of(REAL x)
{
    const LOCAL size = ABS(x), square = x * x;
    LOCAL near = R(-5.96761703e-4);
    near = near * square + R(4.99119423e-3);
    near = near * square + R(-2.67681349e-2);
    near = near * square + R(1.12819925e-1);
    near = near * square + R(-3.76125336e-1);
    near = near * square + R(1.28379166e-1);
    near = near * x + x;
    const LOCAL t = SELECT(MORE(size, R(4)), R(4), size); // beyond it is 1
    LOCAL p = R(-1.72853470e-5);
    p = p * t + R(3.83197126e-4);
    p = p * t + R(-3.88396438e-3);
    p = p * t + R(2.42546219e-2);
    p = p * t + R(-1.06777877e-1);
    p = p * t + R(-6.34846687e-1);
    p = p * t + R(-1.28717512e-1);
    p = p * t - t;
    const LOCAL far = R(1) - exp_of(p);
    return SELECT(AT_MOST(size, R(0.927734375)), near, SELECT(LESS(x, R(0)), -far, far));
}

// The upper tail of the normal distribution as bell = exp(-x^2 / 2) times a polynomial of t = 1 / (1 + 0.27 x) that is 0
// with it: fitted to erfc by least squares with weights, relative error 2.4e-8.
FN normal_tail(REAL x, REAL bell)
{
    const LOCAL t = R(1) / (R(1) + R(0.27) * x);
    LOCAL y = R(0.0289155185);
    y = y * t + R(-0.126256234);
    y = y * t + R(0.169292944);
    y = y * t + R(-0.0686221885);
    y = y * t + R(0.107399875);
    y = y * t + R(0.0722402748);
    y = y * t + R(0.101759123);
    y = y * t + R(0.107550519);
    y = y * t + R(0.10772018);
    return y * t * bell;
}

// ---- Logarithms ----

// The bits of a positive number, of a subnormal one times 2^149: it is its bits times 2^-149.
FN_INTEGER normal_bits(INTEGER bits)
{
    return PICK(bits < 0x00800000, BITS(TO_REAL(bits)), bits);
}

// The number that has to be added to the exponent of normal_bits.
FN normal_exponent(INTEGER bits)
{
    return SELECT(bits < 0x00800000, R(-149), R(0));
}

// A positive number is m 2^e with m from sqrt(1/2) to sqrt(2).
FN_INTEGER exponent_of(INTEGER bits)
{
    return (bits - 0x3f3504f3) >> 23;
}

FN log_of(REAL x)
{
    const INTEGER given = BITS(x), bits = normal_bits(given), whole = exponent_of(bits);
    const LOCAL e = TO_REAL(whole) + normal_exponent(given), f = OF_BITS(bits - (whole << 23)) - R(1), square = f * f;
    LOCAL y = R(7.0376836292e-2);
    y = y * f + R(-1.1514610310e-1);
    y = y * f + R(1.1676998740e-1);
    y = y * f + R(-1.2420140846e-1);
    y = y * f + R(1.4249322787e-1);
    y = y * f + R(-1.6668057665e-1);
    y = y * f + R(2.0000714765e-1);
    y = y * f + R(-2.4999993993e-1);
    y = y * f + R(3.3333331174e-1);
    y = y * f * square + R(-2.12194440e-4) * e - R(0.5) * square;
    const LOCAL of_positive = SELECT(given >= 0x7f800000, x, f + y + R(0.693359375) * e);
    const LOCAL otherwise = SELECT((given & 0x7fffffff) == 0, -infinity(), not_a_number());
    return SELECT(given > 0, of_positive, otherwise);
}

// log(1 + x) and what the sum lost of x. Source: W. Kahan's log1p, as in the HP-15C's handbook (1982).
FN log1p_of(REAL x)
{
    const LOCAL sum = R(1) + x, lost = x - (sum - R(1));
    const LOCAL mended = SELECT(BOTH(MORE(sum, R(0)), LESS(sum, R(1e30))), lost / sum, R(0));
    return SELECT(LESS(ABS(x), R(1e-8)), x, log_of(sum) + mended);
}

// ---- Sine and cosine ----

// sin(r + quarter pi / 2) of |r| <= pi / 4
FN sine_in(REAL r, INTEGER quarter)
{
    const LOCAL square = r * r;
    LOCAL s = R(-1.9515295891e-4);
    s = s * square + R(8.3321608736e-3);
    s = s * square + R(-1.6666654611e-1);
    s = s * square * r + r;
    LOCAL c = R(2.443315711809948e-5);
    c = c * square + R(-1.388731625493765e-3);
    c = c * square + R(4.166664568298827e-2);
    c = c * (square * square) - R(0.5) * square + R(1);
    const LOCAL y = SELECT((quarter & 1) != 0, c, s);
    return OF_BITS(BITS(y) ^ ((quarter & 2) << 30));
}

// The number of quarters nearest to x, where |x| < SINE_NEAR, and what remains: pi / 2 in three parts, of which n times
// the first two is exact.
#define SINE_NEAR 8192.0
FN sine_quarters(REAL x)
{
    return NEAREST(x * R(0.63661977236758134));
}

FN sine_rest(REAL x, REAL n)
{
    return x - n * R(1.5703125) - n * R(4.837512969970703125e-4) - n * R(7.54978995489188216e-8);
}

// ---- Powers ----

// The upper 12 of the 24 bits: products of such halves are exact.
FN upper_half(REAL x)
{
    return OF_BITS(BITS(x) & -4096);
}

// x^y of x > 0 and finite: exp(y log(x)), with the logarithm and the product in two floats each. log(m) is 2 s +
// 2/3 s^3 + 2/5 s^5 ... with s = (m - 1) / (m + 1).
FN pow_of_positive(REAL x, REAL exponent)
{
    const LOCAL y = LIMIT(exponent, R(-1e30), R(1e30));
    const INTEGER given = BITS(x), bits = normal_bits(given), whole = exponent_of(bits);
    const LOCAL e = TO_REAL(whole) + normal_exponent(given), m = OF_BITS(bits - (whole << 23));
    const LOCAL top = m - R(1), bottom = m + R(1), bottom_rest = m - (bottom - R(1));
    const LOCAL s = top / bottom, s_upper = upper_half(s), s_lower = s - s_upper;
    const LOCAL b_upper = upper_half(bottom), b_lower = bottom - b_upper;
    const LOCAL s_rest = (((top - s_upper * b_upper) - s_upper * b_lower) - s_lower * bottom - s * bottom_rest) / bottom;
    const LOCAL square = s * s;
    LOCAL p = R(2.0 / 11.0);
    p = p * square + R(2.0 / 9.0);
    p = p * square + R(2.0 / 7.0);
    p = p * square + R(2.0 / 5.0);
    p = p * square + R(2.0 / 3.0);
    const LOCAL first = e * R(0.693359375), sum = first + R(2) * s, lost = R(2) * s - (sum - first);
    const LOCAL rest = lost + (e * R(-2.12194440e-4) + (R(2) * s_rest + p * square * s));
    const LOCAL log_upper = upper_half(sum + rest), log_lower = (sum - log_upper) + rest;
    const LOCAL y_upper = upper_half(y), y_lower = y - y_upper;
    const LOCAL product = y_upper * log_upper, product_rest = y_lower * log_upper + y * log_lower;
    const LOCAL t = product + product_rest, t_rest = (product - t) + product_rest;
    const LOCAL power = exp_of(t);
    // A product that is not finite leaves nothing to correct.
    return SELECT(BOTH(LESS(ABS(t), R(200)), LESS(power, infinity())), power + power * t_rest, power);
}

// With the special cases of C's pow.
FN pow_of(REAL x, REAL y)
{
    const LOCAL size = ABS(x), halved = R(0.5) * y;
    const INTEGER size_bits = BITS(size);
    const TRUTH whole = EQUAL(FLOOR(y), y), odd = BOTH(whole, NOT(EQUAL(FLOOR(halved), halved)));
    const TRUTH zero = size_bits == 0, endless = size_bits == 0x7f800000, falls = LESS(y, R(0));
    const LOCAL of_ends = SELECT(EITHER(BOTH(zero, falls), BOTH(endless, NOT(falls))), infinity(), R(0));
    LOCAL power = SELECT(EITHER(zero, endless), of_ends, pow_of_positive(size, y));
    power = SELECT(EQUAL(size, R(1)), SELECT(EQUAL(y, y), R(1), y), power);
    const LOCAL of_negative = SELECT(EITHER(whole, EITHER(zero, endless)), power, not_a_number());
    power = SELECT(BITS(x) < 0, SELECT(odd, -power, of_negative), power);
    power = SELECT(EQUAL(x, x), SELECT(EQUAL(y, y), power, y), x);
    return SELECT(EITHER(EQUAL(y, R(0)), EQUAL(x, R(1))), R(1), power);
}
