// The formulas of the optimizers' updates (shaders/common/updates.def), once for all that compute them: C in float and in
// double, and GLSL. They are written in the words of elementwise.h, which stands before this file, and in these, which
// whoever includes it has defined:
//   UPDATE(name)   begins the update of one element: of w, the parameter, g, its gradient, and a, b and c, its states in
//                  the order of the row, of which those that are not there are 0
//   NUMBER(i)      a number of the row
//   STATES, HOW    how many states there are, and the row's flag
//   RESULT(w, a, b, c)   ends it with the new parameter and states
// What is common to all optimizers is done before: g is directed_gradient, w has been multiplied by what AdamW's decay
// leaves of it. All that is computed is a variable first: see LOCAL in elementwise.h.
// Sources: torch.optim's single-tensor forms, whose order of operations this is; for Lion and LAMB src/optim/classes.c.

// Of the gradient: turned where the sum is to be maximized, with the penalty's added. A decay of 0 is a case of its own:
// 0 * w is NaN where w has overflowed.
FN directed_gradient(REAL w, REAL g, REAL sign, REAL decay)
{
    const LOCAL turned = sign * g;
    const LOCAL decayed = turned + decay * w;
    return SELECT(EQUAL(decay, R(0)), turned, decayed);
}

UPDATE(sgd)
{
    const LOCAL moment = NUMBER(1) * a + NUMBER(2) * g;
    const LOCAL ahead = g + NUMBER(1) * moment;
    const LOCAL with = HOW == 1 ? ahead : moment;
    const LOCAL way = STATES == 0 ? g : with;
    const LOCAL moved = w - NUMBER(0) * way;
    RESULT(moved, moment, R(0), R(0));
}

UPDATE(adam)
{
    const LOCAL first = a * NUMBER(1) + NUMBER(2) * g;
    const LOCAL second = b * NUMBER(3) + NUMBER(4) * g * g;
    const LOCAL largest = maximum_value(c, second);
    const LOCAL size = STATES == 3 ? largest : second;
    const LOCAL divisor = SQRT(size) / NUMBER(6) + NUMBER(5);
    const LOCAL moved = w - NUMBER(0) * first / divisor;
    RESULT(moved, first, second, largest);
}

UPDATE(rmsprop)
{
    const LOCAL square = a * NUMBER(1) + NUMBER(2) * g * g;
    const LOCAL mean = b + NUMBER(2) * (g - b);
    const LOCAL variance = square - mean * mean;
    const LOCAL size = HOW == 1 ? variance : square;
    const LOCAL divisor = SQRT(size) + NUMBER(3);
    const LOCAL ratio = g / divisor;
    const LOCAL before = HOW == 1 ? c : b;
    const LOCAL moment = NUMBER(4) * before + ratio;
    const LOCAL way = STATES == HOW + 2 ? moment : ratio;
    const LOCAL moved = w - NUMBER(0) * way;
    const LOCAL second = HOW == 1 ? mean : moment;
    RESULT(moved, square, second, moment);
}

UPDATE(adagrad)
{
    const LOCAL sum = a + g * g;
    const LOCAL divisor = SQRT(sum) + NUMBER(1);
    const LOCAL moved = w - NUMBER(0) * g / divisor;
    RESULT(moved, sum, R(0), R(0));
}

UPDATE(adadelta)
{
    const LOCAL square = a * NUMBER(1) + NUMBER(2) * g * g;
    const LOCAL gradients = square + NUMBER(3);
    const LOCAL deltas = b + NUMBER(3);
    const LOCAL delta = SQRT(deltas) / SQRT(gradients) * g;
    const LOCAL sum = b * NUMBER(1) + NUMBER(2) * delta * delta;
    const LOCAL moved = w - NUMBER(0) * delta;
    RESULT(moved, square, sum, R(0));
}

UPDATE(nadam)
{
    const LOCAL first = a + NUMBER(2) * (g - a);
    const LOCAL second = b * NUMBER(3) + NUMBER(4) * g * g;
    const LOCAL corrected = second / NUMBER(6);
    const LOCAL divisor = SQRT(corrected) + NUMBER(5);
    const LOCAL by_gradient = w - NUMBER(0) * g / divisor;
    const LOCAL moved = by_gradient - NUMBER(1) * first / divisor;
    RESULT(moved, first, second, R(0));
}

UPDATE(radam)
{
    const LOCAL first = a + NUMBER(1) * (g - a);
    const LOCAL second = b * NUMBER(2) + NUMBER(3) * g * g;
    const LOCAL divisor = SQRT(second) + NUMBER(4);
    const LOCAL adaptive = NUMBER(5) / divisor;
    const LOCAL rate = SELECT(EQUAL(NUMBER(5), R(0)), R(1), adaptive);
    const LOCAL moved = w - NUMBER(0) * first * rate;
    RESULT(moved, first, second, R(0));
}

UPDATE(adamax)
{
    const LOCAL first = a + NUMBER(1) * (g - a);
    const LOCAL faded = b * NUMBER(2);
    const LOCAL here = ABS(g) + NUMBER(3);
    const LOCAL largest = maximum_value(faded, here);
    const LOCAL moved = w - NUMBER(0) * first / largest;
    RESULT(moved, first, largest, R(0));
}

UPDATE(lion)
{
    const LOCAL way = a * NUMBER(1) + NUMBER(2) * g;
    const LOCAL first = a * NUMBER(3) + NUMBER(4) * g;
    const LOCAL moved = w - NUMBER(0) * sign_value(way, R(0), R(0));
    RESULT(moved, first, R(0), R(0));
}

UPDATE(lamb)
{
    const LOCAL first = a * NUMBER(1) + NUMBER(2) * g;
    const LOCAL second = b * NUMBER(3) + NUMBER(4) * g * g;
    const LOCAL divisor = SQRT(second) / NUMBER(6) + NUMBER(5);
    const LOCAL way = first / NUMBER(0) / divisor;
    const LOCAL decayed = way + NUMBER(7) * w;
    const LOCAL direction = SELECT(EQUAL(NUMBER(7), R(0)), way, decayed);
    RESULT(direction, first, second, R(0));
}
