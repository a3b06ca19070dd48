/* Rotations, affine and perspective transforms, as Pillow does them: each new pixel looks up where it comes from.
 * Source of the arithmetic: Pillow, src/libImaging/Geometry.c and Image.rotate; of the matrices: torchvision's
 * _get_inverse_affine_matrix and _get_perspective_coeffs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/transform.h"

#define PI 3.14159265358979323846
#define FIXED_ONE 65536.0

/* ---- A pixel between pixels ---- */

/* Whether there is one at (x, y), which lie between 0 and the sides; written so that NaN is outside. */
static bool is_inside(const struct tenka_view *v, double x, double y)
{
    return x >= 0 && x < v->width && y >= 0 && y < v->height;
}

static uint32_t hold(int64_t at, uint32_t n)
{
    return at < 0 ? 0 : at >= n ? n - 1 : (uint32_t)at;
}

static void pick_nearest(const struct tenka_view *v, double x, double y, uint8_t *out)
{
    memcpy(out, v->pixels + (size_t)y * v->stride + (size_t)x * v->channels, v->channels);
}

static void pick_bilinear(const struct tenka_view *v, double x, double y, uint8_t *out)
{
    const double left = floor(x - 0.5), top = floor(y - 0.5), dx = x - 0.5 - left, dy = y - 0.5 - top;
    const uint32_t x0 = hold((int64_t)left, v->width), x1 = hold((int64_t)left + 1, v->width);
    const uint8_t *const row = v->pixels + hold((int64_t)top, v->height) * v->stride;
    const bool below = top + 1 < v->height;
    const uint8_t *const next = below ? v->pixels + (size_t)(top + 1) * v->stride : row;
    for (uint32_t c = 0; c < v->channels; c++) {
        const uint8_t *const a = row + c, *const b = next + c;
        const size_t l = (size_t)x0 * v->channels, r = (size_t)x1 * v->channels;
        const double upper = a[l] + (a[r] - a[l]) * dx, lower = b[l] + (b[r] - b[l]) * dx;
        out[c] = (uint8_t)(upper + (lower - upper) * dy);
    }
}

static double cubic(const double v[4], double d)
{
    const double p2 = -v[0] + v[2], p3 = 2 * (v[0] - v[1]) + v[2] - v[3], p4 = -v[0] + v[1] - v[2] + v[3];
    return v[1] + d * (p2 + d * (p3 + d * p4));
}

static void pick_bicubic(const struct tenka_view *v, double x, double y, uint8_t *out)
{
    const double left = floor(x - 0.5), top = floor(y - 0.5), dx = x - 0.5 - left, dy = y - 0.5 - top;
    for (uint32_t c = 0; c < v->channels; c++) {
        double down[4];
        for (int j = 0; j < 4; j++) {
            const int64_t line = (int64_t)top - 1 + j;
            double across[4];
            if (j > 0 && (line < 0 || line >= v->height)) {
                down[j] = down[j - 1];
                continue;
            }
            const uint8_t *const row = v->pixels + hold(line, v->height) * v->stride + c;
            for (int i = 0; i < 4; i++)
                across[i] = row[(size_t)hold((int64_t)left - 1 + i, v->width) * v->channels];
            down[j] = cubic(across, dx);
        }
        const double value = cubic(down, dy);
        out[c] = value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
    }
}

typedef void pick_fn(const struct tenka_view *v, double x, double y, uint8_t *out);

static pick_fn *pick_of(int filter)
{
    return filter == TENKA_FILTER_NEAREST    ? pick_nearest
           : filter == TENKA_FILTER_BILINEAR ? pick_bilinear
                                             : pick_bicubic;
}

/* ---- Where pixels come from ---- */

/* x' = (m0 x + m1 y + m2) / w and y' = (m3 x + m4 y + m5) / w with w = m6 x + m7 y + 1, of the middles of pixels. */
struct warp {
    const struct tenka_view *from;
    double m[8];
    int filter;
    uint32_t width, height;
    uint8_t *out; /* filled with the colour of what lies outside */
};

static void warp_any(const struct warp *w)
{
    const uint32_t channels = w->from->channels;
    const double *const m = w->m;
    pick_fn *const pick = pick_of(w->filter);
    uint8_t *out = w->out;
    for (uint32_t j = 0; j < w->height; j++)
        for (uint32_t i = 0; i < w->width; i++, out += channels) {
            const double x = i + 0.5, y = j + 0.5, over = m[6] * x + m[7] * y + 1;
            const double u = (m[0] * x + m[1] * y + m[2]) / over, v = (m[3] * x + m[4] * y + m[5]) / over;
            if (is_inside(w->from, u, v))
                pick(w->from, u, v, out);
        }
}

/* Without a turn, places of the nearest pixels are sums of steps. */
static void warp_scaled(const struct warp *w)
{
    const struct tenka_view *const from = w->from;
    double y = w->m[5] + w->m[4] * 0.5;
    for (uint32_t j = 0; j < w->height; j++, y += w->m[4]) {
        double x = w->m[2] + w->m[0] * 0.5;
        for (uint32_t i = 0; i < w->width; i++, x += w->m[0])
            if (is_inside(from, x, y))
                pick_nearest(from, x, y, w->out + ((size_t)j * w->width + i) * from->channels);
    }
}

static int64_t fixed(double x)
{
    const double limit = 0x1p45, at = floor(x * FIXED_ONE + 0.5);
    return (int64_t)(at < -limit ? -limit : at > limit ? limit : at);
}

/* The nearest pixels in 16 binary places. */
static void warp_fixed(const struct warp *w)
{
    const struct tenka_view *const from = w->from;
    const double *const m = w->m;
    const int64_t across_x = fixed(m[0]), across_y = fixed(m[3]), down_x = fixed(m[1]), down_y = fixed(m[4]);
    int64_t x = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), y = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    uint8_t *out = w->out;
    for (uint32_t j = 0; j < w->height; j++, x += down_x, y += down_y) {
        int64_t u = x, v = y;
        for (uint32_t i = 0; i < w->width; i++, u += across_x, v += across_y, out += from->channels) {
            const int64_t column = u >> 16, line = v >> 16;
            if (column >= 0 && column < from->width && line >= 0 && line < from->height)
                memcpy(out, from->pixels + line * from->stride + column * from->channels, from->channels);
        }
    }
}

/* Whether a corner's place is one of 16 binary places. */
static bool is_near(const double *m, double x, double y)
{
    return fabs(x * m[0] + y * m[1] + m[2]) < 32768 && fabs(x * m[3] + y * m[4] + m[5]) < 32768;
}

static void warp_affine(const struct warp *w)
{
    const double *const m = w->m;
    const bool near = is_near(m, 0, 0) && is_near(m, w->width, w->height) && is_near(m, 0, w->height) &&
                      is_near(m, w->width, 0);
    if (w->filter == TENKA_FILTER_NEAREST && m[1] == 0 && m[3] == 0)
        warp_scaled(w);
    else if (w->filter == TENKA_FILTER_NEAREST && near)
        warp_fixed(w);
    else
        warp_any(w);
}

/* What lies outside gets a colour. */
struct outside {
    const double *fill;
    int fills;
};

static tenka_status run(struct tenka_pixels *p, const char *what, struct warp *w, uint64_t width, uint64_t height,
                        struct outside outside, void (*with)(const struct warp *w))
{
    const struct tenka_view from = p->view;
    TENKA_TRY(tenka_pixels_other(p, what, width, height, from.channels, &w->out));
    for (size_t i = 0; i < width * height * from.channels; i++)
        w->out[i] = (uint8_t)outside.fill[outside.fills > 1 ? i % from.channels : 0];
    w->from = &from;
    w->width = (uint32_t)width;
    w->height = (uint32_t)height;
    with(w);
    tenka_pixels_replace(p, w->width, w->height, from.channels);
    return TENKA_OK;
}

/* ---- Affine ---- */

static double radians(double degrees)
{
    return degrees * (PI / 180);
}

/* The inverse of: shear in x and y, scale, turn clockwise around a center, move. */
static void affine_matrix(const double center[2], const double v[6], double m[8])
{
    const double turn = radians(v[0]), sx = radians(v[4]), sy = radians(v[5]);
    const double a = cos(turn - sy) / cos(sy), b = -cos(turn - sy) * tan(sx) / cos(sy) - sin(turn);
    const double c = sin(turn - sy) / cos(sy), d = -sin(turn - sy) * tan(sx) / cos(sy) + cos(turn);
    m[0] = d / v[3];
    m[1] = -b / v[3];
    m[3] = -c / v[3];
    m[4] = a / v[3];
    m[2] = m[0] * (-center[0] - v[1]) + m[1] * (-center[1] - v[2]);
    m[5] = m[3] * (-center[0] - v[1]) + m[4] * (-center[1] - v[2]);
    m[2] += center[0];
    m[5] += center[1];
    m[6] = m[7] = 0;
}

tenka_status tenka_pixels_affine(struct tenka_pixels *p, const char *what, const double v[6], int filter,
                                 const double *center, const double *fill, int fills)
{
    const double middle[2] = {p->view.width * 0.5, p->view.height * 0.5};
    struct warp w = {.filter = filter};
    affine_matrix(center != NULL ? center : middle, v, w.m);
    return run(p, what, &w, p->view.width, p->view.height, (struct outside){fill, fills}, warp_affine);
}

/* ---- Turns ---- */

/* As Python's round(x, 15). */
static double round_15(double x)
{
    char text[64];
    snprintf(text, sizeof(text), "%.15f", x);
    return strtod(text, NULL);
}

/* As Python's angle % 360. */
static double in_circle(double angle)
{
    const double rest = fmod(angle, 360);
    return rest < 0 ? rest + 360 : rest;
}

static void place(const double m[6], double x, double y, double *u, double *v)
{
    *u = m[0] * x + m[1] * y + m[2];
    *v = m[3] * x + m[4] * y + m[5];
}

/* The corners' places decide the size, and the middle stays in the middle. */
static void expand(uint32_t width, uint32_t height, double m[6], uint64_t *new_width, uint64_t *new_height)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        double at[2];
        place(m, i == 1 || i == 2 ? width : 0, i >= 2 ? height : 0, &at[0], &at[1]);
        for (int k = 0; k < 2; k++) {
            least[k] = fmin(least[k], at[k]);
            most[k] = fmax(most[k], at[k]);
        }
    }
    const double w = ceil(most[0]) - floor(least[0]), h = ceil(most[1]) - floor(least[1]);
    double x, y;
    place(m, -(w - width) / 2, -(h - height) / 2, &x, &y);
    m[2] = x;
    m[5] = y;
    *new_width = w > 0 && w < 1e9 ? (uint64_t)w : 0;
    *new_height = h > 0 && h < 1e9 ? (uint64_t)h : 0;
}

/* How many quarters of a circle an angle turns by without a loss; -1: it does not. */
static int quarters_of(double angle, bool expands, const double *center, uint32_t width, uint32_t height)
{
    const double circle = in_circle(angle);
    const bool quarter = circle == 90 || circle == 270;
    if (center != NULL || (circle != 0 && circle != 180 && !(quarter && (expands || width == height))))
        return -1;
    return (int)(circle / 90);
}

/* Counter-clockwise. */
static void turn_matrix(double angle, const double center[2], double m[6])
{
    const double turn = -radians(in_circle(angle));
    double x, y;
    m[0] = m[4] = round_15(cos(turn));
    m[1] = round_15(sin(turn));
    m[3] = round_15(-sin(turn));
    m[2] = m[5] = 0;
    place(m, -center[0], -center[1], &x, &y);
    m[2] = x + center[0];
    m[5] = y + center[1];
}

void tenka_rotated_size(double angle, bool expands, const double *center, uint32_t width, uint32_t height, double m[6],
                        uint64_t *new_width, uint64_t *new_height)
{
    const double middle[2] = {width / 2.0, height / 2.0};
    const int quarters = quarters_of(angle, expands, center, width, height);
    turn_matrix(angle, center != NULL ? center : middle, m);
    *new_width = quarters % 2 == 1 ? height : width;
    *new_height = quarters % 2 == 1 ? width : height;
    if (expands && quarters < 0)
        expand(width, height, m, new_width, new_height);
}

/* Counter-clockwise by quarters, without a loss. */
static tenka_status turn(struct tenka_pixels *p, const char *what, int quarters)
{
    const struct tenka_view from = p->view;
    const uint32_t channels = from.channels, w = from.width, h = from.height;
    const uint32_t width = quarters == 2 ? w : h, height = quarters == 2 ? h : w;
    uint8_t *out;
    TENKA_TRY(tenka_pixels_other(p, what, width, height, channels, &out));
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++, out += channels) {
            const uint32_t column = quarters == 1 ? w - 1 - y : quarters == 2 ? w - 1 - x : y;
            const uint32_t line = quarters == 1 ? x : quarters == 2 ? h - 1 - y : h - 1 - x;
            memcpy(out, from.pixels + line * from.stride + (size_t)column * channels, channels);
        }
    tenka_pixels_replace(p, width, height, channels);
    return TENKA_OK;
}

tenka_status tenka_pixels_rotate(struct tenka_pixels *p, const char *what, double angle, int filter, bool expands,
                                 const double *center, const double *fill, int fills)
{
    const uint32_t w = p->view.width, h = p->view.height;
    const int quarters = quarters_of(angle, expands, center, w, h);
    struct warp warp = {.filter = filter};
    uint64_t width, height;
    if (quarters >= 0)
        return quarters == 0 ? TENKA_OK : turn(p, what, quarters);
    tenka_rotated_size(angle, expands, center, w, h, warp.m, &width, &height);
    return run(p, what, &warp, width, height, (struct outside){fill, fills}, warp_affine);
}

/* ---- Perspective ---- */

/* Solves eight equations by elimination; each row has its right side at the end. Whether they have one solution. */
static bool solve(double a[8][9], double x[8])
{
    for (int i = 0; i < 8; i++) {
        int best = i;
        for (int j = i + 1; j < 8; j++)
            best = fabs(a[j][i]) > fabs(a[best][i]) ? j : best;
        if (fabs(a[best][i]) < 1e-9)
            return false;
        for (int k = 0; k < 9; k++) {
            const double kept = a[i][k];
            a[i][k] = a[best][k];
            a[best][k] = kept;
        }
        for (int j = i + 1; j < 8; j++) {
            const double times = a[j][i] / a[i][i];
            for (int k = i; k < 9; k++)
                a[j][k] -= times * a[i][k];
        }
    }
    for (int i = 7; i >= 0; i--) {
        double rest = a[i][8];
        for (int k = i + 1; k < 8; k++)
            rest -= a[i][k] * x[k];
        x[i] = rest / a[i][i];
    }
    return true;
}

/* What takes the four corners of a picture to others. */
static bool perspective_matrix(uint32_t width, uint32_t height, const double corners[8], double m[8])
{
    double a[8][9] = {{0}};
    for (int i = 0; i < 4; i++) {
        const double x = corners[2 * i], y = corners[2 * i + 1];
        const double to[2] = {i == 1 || i == 2 ? width - 1.0 : 0, i >= 2 ? height - 1.0 : 0};
        for (int k = 0; k < 2; k++) {
            double *const row = a[2 * i + k];
            row[3 * k] = x;
            row[3 * k + 1] = y;
            row[3 * k + 2] = 1;
            row[6] = -to[k] * x;
            row[7] = -to[k] * y;
            row[8] = to[k];
        }
    }
    if (!solve(a, m))
        return false;
    for (int i = 0; i < 8; i++)
        m[i] = (float)m[i];
    return true;
}

/* A picture whose corners fall together, as one pixel's do, stays as it is; torchvision fails. */
tenka_status tenka_pixels_perspective(struct tenka_pixels *p, const char *what, const double corners[8], int filter,
                                      const double *fill, int fills)
{
    struct warp w = {.filter = filter};
    if (!perspective_matrix(p->view.width, p->view.height, corners, w.m))
        return TENKA_OK;
    return run(p, what, &w, p->view.width, p->view.height, (struct outside){fill, fills}, warp_any);
}
