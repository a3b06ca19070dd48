// The formulas of the elementwise operators (shaders/common/elementwise.def), once for all that compute them: C in float
// and in double, vectors of floats, and GLSL. So this file is written in what those languages share. Whoever includes it has
// defined:
//   FN, REAL, LOCAL     begin a function, and are the types of its arguments and constants and of its variables. In GLSL
//                  these are precise; glslang carries that neither into arguments nor into the sides of a SELECT, so that
//                  what is more than one operation is a variable first
//   R(c)           a constant
//   LESS(a, b), MORE(a, b), AT_MOST(a, b), AT_LEAST(a, b), EQUAL(a, b)     false where one of both is NaN
//   BOTH(c, d), EITHER(c, d)     of two comparisons
//   SELECT(c, a, b)   a where c, else b; both are computed
//   ABS, CEIL, COS, ERF, EXP, EXPM1, FLOOR, LOG, LOG1P, POW, SIN, SQRT, TANH     as C's functions, NaN and infinities
//                     included; ROUND as its nearbyint: halves become even
//   NORMAL_TAIL(x, bell)  erfc(x / sqrt(2)) / 2 of x that is not negative and bell = exp(-x^2 / 2)
//
//   VALUE(name, numbers...)  is y of x
//   BACK(name, numbers...)   is the gradient of x: of v, which is what the row says (x or y), and of dy
//   VALUE_OF_TWO(name)       is y of a and b
// Sources: the CPU kernels of PyTorch, as far as signs, NaN and kinks are concerned.

// ---- Activations ----

// -0 stays -0, the gradient at 0 is 0; where y is NaN, dy passes.
VALUE(relu)
{
    return SELECT(LESS(x, R(0)), R(0), x);
}

BACK(relu)
{
    return SELECT(AT_MOST(v, R(0)), R(0), dy);
}

VALUE(tanh)
{
    return TANH(x);
}

BACK(tanh)
{
    return dy * (R(1) - v * v);
}

FN logistic(REAL x)
{
    return R(1) / (R(1) + EXP(-x));
}

VALUE(sigmoid)
{
    return logistic(x);
}

BACK(sigmoid)
{
    return dy * (R(1) - v) * v;
}

VALUE(silu)
{
    return x / (R(1) + EXP(-x));
}

BACK(silu)
{
    const LOCAL s = logistic(v);
    return dy * s * (R(1) + v * (R(1) - s));
}

// The normal distribution's, of x and of bell = exp(-x^2 / 2)
FN normal_below(REAL x, REAL bell)
{
    const LOCAL tail = NORMAL_TAIL(ABS(x), bell);
    return SELECT(LESS(x, R(0)), tail, R(1) - tail);
}

VALUE(gelu)
{
    const LOCAL t = R(-0.5) * x * x;
    return x * normal_below(x, EXP(t));
}

BACK(gelu)
{
    const LOCAL t = R(-0.5) * v * v;
    const LOCAL bell = EXP(t);
    return dy * (normal_below(v, bell) + v * (R(0.39894228040143268) * bell));
}

// tanh of sqrt(2 / pi) times a cubic
FN gelu_bend(REAL x)
{
    const LOCAL t = R(0.79788456080286536) * (x + R(0.044715) * (x * x * x));
    return TANH(t);
}

VALUE(gelu_tanh)
{
    return R(0.5) * x * (R(1) + gelu_bend(x));
}

BACK(gelu_tanh)
{
    const LOCAL bend = gelu_bend(v);
    const LOCAL slope = (R(1) - bend * bend) * (R(0.79788456080286536) * (R(1) + R(3 * 0.044715) * (v * v)));
    return dy * (R(0.5) * (R(1) + bend) + R(0.5) * v * slope);
}

VALUE_1(elu, alpha)
{
    return SELECT(MORE(x, R(0)), x, alpha * EXPM1(x));
}

BACK_1(elu, alpha)
{
    return SELECT(MORE(v, R(0)), dy, dy * alpha * EXP(v));
}

VALUE(selu)
{
    return R(1.0507009873554805) * SELECT(MORE(x, R(0)), x, R(1.6732632423543773) * EXPM1(x));
}

BACK(selu)
{
    return R(1.0507009873554805) * SELECT(MORE(v, R(0)), dy, dy * R(1.6732632423543773) * EXP(v));
}

VALUE_1(celu, alpha)
{
    return SELECT(MORE(x, R(0)), x, alpha * EXPM1(x / alpha));
}

BACK_1(celu, alpha)
{
    return SELECT(MORE(v, R(0)), dy, dy * EXP(v / alpha));
}

VALUE_1(leaky_relu, negative_slope)
{
    return SELECT(MORE(x, R(0)), x, x * negative_slope);
}

BACK_1(leaky_relu, negative_slope)
{
    return SELECT(MORE(v, R(0)), dy, dy * negative_slope);
}

// NaN stays; the upper end wins where the ends are the wrong way round.
FN limited(REAL x, REAL least, REAL most)
{
    const LOCAL above = SELECT(LESS(x, least), least, x);
    return SELECT(MORE(above, most), most, above);
}

FN within(REAL x, REAL least, REAL most, REAL inside)
{
    return SELECT(BOTH(MORE(x, least), LESS(x, most)), inside, R(0));
}

VALUE(relu6)
{
    return limited(x, R(0), R(6));
}

BACK(relu6)
{
    return within(v, R(0), R(6), dy);
}

VALUE_2(hardtanh, min_val, max_val)
{
    return limited(x, min_val, max_val);
}

BACK_2(hardtanh, min_val, max_val)
{
    return within(v, min_val, max_val, dy);
}

VALUE(hardswish)
{
    return x * limited(x + R(3), R(0), R(6)) / R(6);
}

BACK(hardswish)
{
    return SELECT(LESS(v, R(-3)), R(0), SELECT(AT_LEAST(v, R(3)), dy, dy * (v / R(3) + R(0.5))));
}

VALUE(hardsigmoid)
{
    return limited(x + R(3), R(0), R(6)) / R(6);
}

// PyTorch's 1/6 here is that of float, in double too.
BACK(hardsigmoid)
{
    return within(v, R(-3), R(3), dy * R(0.1666666716337204));
}

VALUE_2(softplus, beta, threshold)
{
    const LOCAL t = x * beta;
    return SELECT(MORE(t, threshold), x, LOG1P(EXP(t)) / beta);
}

BACK_2(softplus, beta, threshold)
{
    const LOCAL t = v * beta, z = EXP(t);
    return SELECT(MORE(t, threshold), dy, dy * z / (z + R(1)));
}

VALUE(softsign)
{
    return x / (R(1) + ABS(x));
}

// NaN where y is.
BACK(softsign)
{
    const LOCAL size = R(1) + ABS(v), y = v / size;
    return SELECT(EQUAL(y, y), dy / size / size, y);
}

// tanh(log(1 + exp(x)))
FN mish_gate(REAL x)
{
    return TANH(LOG1P(EXP(x)));
}

VALUE(mish)
{
    return x * mish_gate(x);
}

BACK(mish)
{
    const LOCAL gate = mish_gate(v);
    return dy * (gate + v * logistic(v) * (R(1) - gate * gate));
}

VALUE(logsigmoid)
{
    return SELECT(LESS(x, R(0)), x, R(0)) - LOG1P(EXP(-ABS(x)));
}

BACK(logsigmoid)
{
    const LOCAL z = EXP(-ABS(v)), tail = z / (R(1) + z);
    return dy * SELECT(LESS(v, R(0)), R(1) - tail, tail);
}

VALUE_1(hardshrink, lambd)
{
    return SELECT(BOTH(AT_LEAST(x, -lambd), AT_MOST(x, lambd)), R(0), x);
}

BACK_1(hardshrink, lambd)
{
    return SELECT(EITHER(LESS(v, -lambd), MORE(v, lambd)), dy, R(0));
}

// NaN stays, as in PyTorch since version 2; its gradient is 0.
VALUE_1(softshrink, lambd)
{
    const LOCAL inside = SELECT(EQUAL(x, x), R(0), x);
    return SELECT(MORE(x, lambd), x - lambd, SELECT(LESS(x, -lambd), x + lambd, inside));
}

BACK_1(softshrink, lambd)
{
    return SELECT(EITHER(LESS(v, -lambd), MORE(v, lambd)), dy, R(0));
}

// Near 0, where the difference cancels, the Taylor series; 0 of -0.
VALUE(tanhshrink)
{
    const LOCAL s = x * x;
    LOCAL t = R(443861162.0 / 1856156927625.0);
    t = R(6404582.0 / 10854718875.0) - t * s;
    t = R(929569.0 / 638512875.0) - t * s;
    t = R(21844.0 / 6081075.0) - t * s;
    t = R(1382.0 / 155925.0) - t * s;
    t = R(62.0 / 2835.0) - t * s;
    t = R(17.0 / 315.0) - t * s;
    t = R(2.0 / 15.0) - t * s;
    t = R(1.0 / 3.0) - t * s;
    return SELECT(LESS(s, R(0.0625)), SELECT(EQUAL(x, R(0)), R(0), t * s * x), x - TANH(x));
}

BACK(tanhshrink)
{
    const LOCAL t = TANH(v);
    return dy * t * t;
}

VALUE_2(threshold, threshold, value)
{
    return SELECT(AT_MOST(x, threshold), value, x);
}

BACK_2(threshold, threshold, value)
{
    return SELECT(AT_MOST(v, threshold), R(0), dy);
}

// ---- Functions ----

VALUE(sqrt)
{
    return SQRT(x);
}

BACK(sqrt)
{
    return dy * R(0.5) / v;
}

VALUE(rsqrt)
{
    return R(1) / SQRT(x);
}

BACK(rsqrt)
{
    return R(-0.5) * dy * (v * v * v);
}

VALUE_1(scale, factor)
{
    return x * factor;
}

BACK_1(scale, factor)
{
    return dy * factor;
}

VALUE(exp)
{
    return EXP(x);
}

BACK(exp)
{
    return dy * v;
}

VALUE(log)
{
    return LOG(x);
}

BACK(log)
{
    return dy / v;
}

VALUE(log1p)
{
    return LOG1P(x);
}

BACK(log1p)
{
    return dy / (R(1) + v);
}

VALUE(expm1)
{
    return EXPM1(x);
}

BACK(expm1)
{
    return dy * (v + R(1));
}

// -0 stays -0.
VALUE(sin)
{
    return SELECT(EQUAL(x, R(0)), x, SIN(x));
}

BACK(sin)
{
    return dy * COS(v);
}

VALUE(cos)
{
    return COS(x);
}

BACK(cos)
{
    return dy * -SIN(v);
}

VALUE(erf)
{
    return ERF(x);
}

BACK(erf)
{
    return dy * (R(1.1283791670955126) * EXP(-(v * v)));
}

// A difference, because Mesa makes the negated 0 or 1 of a choice between -1 and 0, so -0.
FN sign_of(REAL x)
{
    return SELECT(MORE(x, R(0)), R(1), R(0)) - SELECT(LESS(x, R(0)), R(1), R(0));
}

VALUE(abs)
{
    return ABS(x);
}

BACK(abs)
{
    return dy * sign_of(v);
}

VALUE(square)
{
    return x * x;
}

BACK(square)
{
    return dy * (R(2) * v);
}

VALUE(reciprocal)
{
    return R(1) / x;
}

BACK(reciprocal)
{
    return -dy * (v * v);
}

// PyTorch takes the square root for an exponent of 1/2, which keeps -0 and makes NaN of -infinity.
FN power(REAL x, REAL exponent)
{
    const LOCAL root = SQRT(x);
    return SELECT(EQUAL(ABS(exponent), R(0.5)), SELECT(MORE(exponent, R(0)), root, R(1) / root), POW(x, exponent));
}

VALUE_1(pow_scalar, exponent)
{
    return power(x, exponent);
}

BACK_1(pow_scalar, exponent)
{
    return SELECT(EQUAL(exponent, R(0)), R(0), dy * (exponent * power(v, exponent - R(1))));
}

VALUE_2(clamp, least, most)
{
    return limited(x, least, most);
}

BACK_2(clamp, least, most)
{
    return SELECT(BOTH(AT_LEAST(v, least), AT_MOST(v, most)), dy, R(0));
}

VALUE(sign)
{
    return sign_of(x);
}

VALUE(floor)
{
    return FLOOR(x);
}

VALUE(ceil)
{
    return CEIL(x);
}

VALUE(round)
{
    return ROUND(x);
}

// ---- Two inputs ----

VALUE_OF_TWO(add)
{
    return a + b;
}

VALUE_OF_TWO(sub)
{
    return a - b;
}

VALUE_OF_TWO(mul)
{
    return a * b;
}

VALUE_OF_TWO(div)
{
    return a / b;
}

VALUE_OF_TWO(maximum)
{
    return SELECT(AT_LEAST(a, b), a, SELECT(EQUAL(a, a), b, a));
}

VALUE_OF_TWO(minimum)
{
    return SELECT(AT_MOST(a, b), a, SELECT(EQUAL(a, a), b, a));
}

VALUE_OF_TWO(pow)
{
    return POW(a, b);
}

VALUE_OF_TWO(lt)
{
    return SELECT(LESS(a, b), R(1), R(0));
}

VALUE_OF_TWO(le)
{
    return SELECT(AT_MOST(a, b), R(1), R(0));
}

VALUE_OF_TWO(gt)
{
    return SELECT(MORE(a, b), R(1), R(0));
}

VALUE_OF_TWO(ge)
{
    return SELECT(AT_LEAST(a, b), R(1), R(0));
}

VALUE_OF_TWO(eq)
{
    return SELECT(EQUAL(a, b), R(1), R(0));
}

VALUE_OF_TWO(ne)
{
    return SELECT(EQUAL(a, b), R(0), R(1));
}

VALUE_OF_TWO(keep_where)
{
    return SELECT(EQUAL(a, R(0)), R(-0.0), b);
}

VALUE_OF_TWO(keep_unless)
{
    return SELECT(EQUAL(a, R(0)), b, R(-0.0));
}

VALUE_OF_TWO(leaky)
{
    return SELECT(MORE(a, R(0)), a, b * a);
}

VALUE_OF_TWO(leaky_slope)
{
    return SELECT(MORE(a, R(0)), R(1), b);
}
