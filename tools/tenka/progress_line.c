/* The line that tells how far an epoch is, with as much as there are columns for. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <string.h>

#include "tenka.h"

#define WIDEST_BAR 40
#define NARROWEST_BAR 4
#define WIDEST_COURSE 24
#define NARROWEST_COURSE 8

/* How much stands behind the percentage: the first that fits, of these. */
enum detail { DETAIL_RATE, DETAIL_ALL, DETAIL_NO_RATE, DETAIL_TIME, DETAIL_LOSS, DETAIL_NUMBER, DETAIL_COUNT };

/* What is known of an epoch. */
struct state {
    const struct progress *p;
    double percent, rate; /* rate: images in a second */
    char spent[32], left[32];
};

static void clock_text(double seconds, char out[32])
{
    const uint64_t s = seconds > 0 && seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(out, 32, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    else
        snprintf(out, 32, "%02u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static struct state state_of(const struct progress *p, double elapsed)
{
    struct state s = {.p = p, .left = "?"};
    s.percent = p->total > 0 ? 100 * (double)p->done / (double)p->total : 100;
    s.rate = elapsed > 0 ? (double)(p->done - p->before) / elapsed : 0;
    clock_text(elapsed, s.spent);
    if (s.rate > 0)
        clock_text((double)(p->total - p->done) / s.rate, s.left);
    return s;
}

/* "25200/60000 [00:09<00:13, 2597 img/s, loss=0.512]" and shorter; nothing where there is no loss to show alone. */
static void describe(const struct state *s, enum detail detail, char *out, size_t size)
{
    char loss[32] = "", rate[32] = "";
    const bool known = isfinite(s->p->loss);
    const char *const before = detail < DETAIL_TIME ? ", loss=" : detail == DETAIL_NUMBER ? "" : "loss=";
    if (known)
        snprintf(loss, sizeof(loss), detail == DETAIL_NUMBER ? "%s%.3g" : "%s%.4g", before, s->p->loss);
    if (detail == DETAIL_RATE && known && s->p->lr > 0)
        snprintf(rate, sizeof(rate), ", lr=%.3g", s->p->lr);
    if (detail <= DETAIL_ALL)
        snprintf(out, size, " %" PRIu64 "/%" PRIu64 " [%s<%s, %.0f img/s%s%s]", s->p->done, s->p->total, s->spent,
                 s->left, s->rate, loss, rate);
    else if (detail == DETAIL_NO_RATE)
        snprintf(out, size, " %" PRIu64 "/%" PRIu64 " [%s<%s%s]", s->p->done, s->p->total, s->spent, s->left, loss);
    else if (detail == DETAIL_TIME)
        snprintf(out, size, " %s%s%s left", loss, known ? ", " : "", s->left);
    else
        snprintf(out, size, "%s%s", known ? " " : "", loss);
}

/* Between '|', of so many cells; a full one is three bytes in UTF-8. */
static void draw_bar(double percent, size_t width, char *out)
{
    const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const size_t full = (size_t)(percent / 100 * (double)width + 0.5);
    *out++ = '|';
    for (size_t i = 0; i < width; i++) {
        const char *cell = i >= full ? " " : utf8 ? "\xE2\x96\x88" : "#";
        strcpy(out, cell);
        out += strlen(cell);
    }
    strcpy(out, "|");
}

/* A blank and the course of the loss, where a bar as narrow as can be leaves room for it; returns its columns. */
static size_t draw_course(const struct progress *p, size_t room, char out[PROGRESS_COURSE + 1])
{
    const size_t most = room > NARROWEST_BAR + 1 ? room - NARROWEST_BAR - 1 : 0;
    out[0] = '\0';
    if (most < NARROWEST_COURSE)
        return 0;
    const size_t half = most / 2 > NARROWEST_COURSE ? most / 2 : NARROWEST_COURSE;
    progress_course(p, half < WIDEST_COURSE ? half : WIDEST_COURSE, out + 1);
    out[0] = out[1] != '\0' ? ' ' : '\0';
    return text_columns(out);
}

void progress_line(const struct progress *p, double elapsed, size_t columns, char out[PROGRESS_BYTES])
{
    char text[224], bar[3 * WIDEST_BAR + 3] = "", course[PROGRESS_COURSE + 1];
    const struct state s = state_of(p, elapsed);
    for (int detail = 0; detail < DETAIL_COUNT; detail++) {
        describe(&s, (enum detail)detail, text, sizeof(text));
        snprintf(out, PROGRESS_BYTES, detail < DETAIL_NUMBER ? "%s %3.0f%%%s" : "%s %.0f%%%s", p->label, s.percent,
                 text);
        const size_t taken = text_columns(out), room = columns > taken + 2 ? columns - taken - 2 : 0;
        if (detail <= DETAIL_ALL && p->kind == PROGRESS_BAR && room >= NARROWEST_BAR) {
            const size_t width = draw_course(p, room, course);
            draw_bar(s.percent, room - width < WIDEST_BAR ? room - width : WIDEST_BAR, bar);
            snprintf(out, PROGRESS_BYTES, "%s %3.0f%%%s%s%s", p->label, s.percent, bar, text, course);
        }
        if (taken <= columns)
            return;
    }
    text_cut(out, columns);
}
