// The largest value of a line's invocations, for every one of them; NaN where there is one.
float reduce_largest(float value)
{
    if (SUMMERS == 1u)
        return value;
    barrier();
    reduce_partial[SUMMER] = value;
    barrier();
    for (uint width = SUMMERS / 2u; width > 0u; width /= 2u) {
        if (SUMMER < width) {
            value = larger(value, reduce_partial[SUMMER + width]);
            reduce_partial[SUMMER] = value;
        }
        barrier();
    }
    return reduce_partial[0];
}

// A value of a line whose largest is finite, else NaN. No branch, so that the loads behind the values are on their way
// at once.
float if_good(bool good, float value)
{
    return good ? value : make_nan();
}
