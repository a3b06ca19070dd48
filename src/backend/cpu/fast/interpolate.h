/* Interpolation; see backend/cpu/interpolate.c. */
#ifndef TENKA_FAST_INTERPOLATE_H
#define TENKA_FAST_INTERPOLATE_H

#include "backend/cpu/fast/kernels.h"

/* interpolate_double.c: whether it serves a call that makes planes larger, by its parameters and its two scales; then
 * both passes. */
bool TENKA_FAST(doubles)(const struct tenka_p_interpolate *p, const float *scales);
void TENKA_FAST(double_fwd)(const struct tenka_p_interpolate *p, const float *x, float *y);
void TENKA_FAST(double_dx)(const struct tenka_p_interpolate *p, const float *dy, float *dx);

#endif
