// The formulas of the elementwise operators (shaders/common/elementwise.def), once for all that compute them: C in float and in
// double, vectors of floats, and GLSL. So this file is written in what those languages share. Whoever includes it has
// defined:
//   FN, REAL       begin a function, and are the type of its arguments and constants
//   R(c)           a constant
//   LESS(a, b), MORE(a, b), AT_MOST(a, b), AT_LEAST(a, b), EQUAL(a, b)     false where one of both is NaN
//   SELECT(c, a, b)   a where c, else b; both are computed
//   SQRT, TANH        as C's functions, NaN and infinities included
//
//   VALUE(name, numbers...)  is y of x
//   BACK(name, numbers...)   is the gradient of x: of v, which is what the row says (x or y), and of dy
//   VALUE_OF_TWO(name)       is y of a and b
// Sources: the CPU kernels of PyTorch, as far as signs, NaN and kinks are concerned.

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

VALUE(sqrt)
{
    return SQRT(x);
}

BACK(sqrt)
{
    return dy * R(0.5) / v;
}

VALUE_1(scale, factor)
{
    return x * factor;
}

BACK_1(scale, factor)
{
    return dy * factor;
}

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
