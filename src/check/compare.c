#include <float.h>
#include <math.h>
#include <stdio.h>

#include "check/internal.h"

/* Bounds on the mean square of the error divided by that of the reference: float32 reaches 1e-15 for a single
 * operation, 1e-13 after long sums. */
#define NMSE_BOUND 1e-12

static double finite_rms(const double *x, size_t n)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            sum += x[i] * x[i];
            count++;
        }
    return count > 0 ? sqrt(sum / (double)count) : 0;
}

static double share_of(double error, double bound)
{
    return error == 0 ? 0 : error / bound; /* infinite when nothing is allowed */
}

/* NaN and infinities must be the same; what leaves float's range may be infinite. */
static double compare_special(double got, double ref)
{
    if (isnan(ref) || isnan(got))
        return isnan(ref) && isnan(got) ? 0 : INFINITY;
    if (isinf(ref))
        return got == ref ? 0 : INFINITY;
    return fabs(ref) > FLT_MAX && signbit(ref) == signbit(got) ? 0 : INFINITY;
}

static double share_at(const struct tenka_comparison *what, double atol, double rtol, size_t i)
{
    const double got = what->got[i], ref = what->ref[i];
    if (what->dtype != TENKA_F32)
        return got == ref ? 0 : INFINITY;
    if (!isfinite(got) || !isfinite(ref))
        return compare_special(got, ref);
    return share_of(fabs(got - ref), atol + rtol * fabs(ref));
}

static double nmse_of(const struct tenka_comparison *what)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < what->n; i++) {
        const double d = what->got[i] - what->ref[i];
        if (isfinite(d)) {
            error += d * d;
            size += what->ref[i] * what->ref[i];
        }
    }
    return error == 0 ? 0 : error / size;
}

double tenka_check_shown(double x)
{
    return isnan(x) ? (double)NAN : x;
}

double tenka_check_compare(const struct tenka_comparison *what, char *text, size_t bytes)
{
    const double rms = finite_rms(what->ref, what->n);
    const double atol = what->atol != 0 ? what->atol : 1e-6 * rms, rtol = what->rtol != 0 ? what->rtol : 1e-5;
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < what->n; i++) {
        const double share = share_at(what, atol, rtol, i);
        if (share > worst) {
            worst = share;
            at = i;
        }
    }
    if (worst > 1) {
        snprintf(text, bytes, "element %zu of %zu is %.9g, but should be %.9g (bound %.3g)", at, what->n,
                 tenka_check_shown(what->got[at]), tenka_check_shown(what->ref[at]),
                 tenka_check_shown(atol + rtol * fabs(what->ref[at])));
        return worst;
    }
    if (what->dtype != TENKA_F32 || rms == 0)
        return worst;
    /* A wider bound for each element is one for their mean, too. */
    const double relative = atol / rms + rtol / 10, bound = fmax(NMSE_BOUND, what->atol != 0 ? relative * relative : 0);
    const double nmse = nmse_of(what);
    if (nmse > bound)
        snprintf(text, bytes, "normalised mean square error of %zu elements is %.3g (bound %.3g)", what->n, nmse,
                 bound);
    return fmax(worst, nmse / bound);
}
