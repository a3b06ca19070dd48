#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "tenka.h"

#define BAR_SECONDS 0.1
#define LINE_SECONDS 10.0
#define LOSS_SECONDS 0.5

/* The bar that stands on the terminal's current line: there is one terminal. */
static struct progress *on_screen;

void progress_init(struct progress *p, bool quiet)
{
    memset(p, 0, sizeof(*p));
    p->kind = quiet ? PROGRESS_NONE : isatty(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_LINES;
}

void progress_begin(struct progress *p, const char *label, uint64_t done, uint64_t total)
{
    snprintf(p->label, sizeof(p->label), "%s", label);
    make_harmless(p->label);
    p->total = total;
    p->done = p->before = done;
    p->loss = NAN;
    p->start = p->drawn = p->asked = seconds_now();
}

static const char *clock_text(char buffer[static 32], double seconds)
{
    const uint64_t s = seconds > 0 && seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(buffer, 32, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    else
        snprintf(buffer, 32, "%02u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
    return buffer;
}

/* "25200/60000 [00:09<00:13, 2597 img/s, loss=0.512]" */
static void describe(const struct progress *p, double elapsed, char *out, size_t size)
{
    char spent[32], left[32], loss[32] = "";
    const double rate = elapsed > 0 ? (double)(p->done - p->before) / elapsed : 0;
    if (rate > 0)
        clock_text(left, (double)(p->total - p->done) / rate);
    else
        snprintf(left, sizeof(left), "?");
    if (isfinite(p->loss))
        snprintf(loss, sizeof(loss), ", loss=%.4g", p->loss);
    snprintf(out, size, "%" PRIu64 "/%" PRIu64 " [%s<%s, %.0f img/s%s]", p->done, p->total, clock_text(spent, elapsed),
             left, rate, loss);
}

/* A bar of width cells; a full one is three bytes in UTF-8. */
static void draw_bar(double share, size_t width, char *out)
{
    const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const size_t full = (size_t)(share * (double)width + 0.5);
    out[0] = '\0';
    for (size_t i = 0; i < width; i++) {
        const char *cell = i >= full ? " " : utf8 ? "\xE2\x96\x88" : "#";
        strcpy(out, cell);
        out += strlen(cell);
    }
}

static void draw(struct progress *p, double now)
{
    char text[192], bar[3 * 40 + 1];
    const double share = p->total > 0 ? (double)p->done / (double)p->total : 1;
    describe(p, now - p->start, text, sizeof(text));
    if (p->kind == PROGRESS_LINES) {
        fprintf(stderr, "%s %3.0f%% %s\n", p->label, 100 * share, text);
        return;
    }
    const size_t taken = strlen(p->label) + strlen(text) + 9, columns = terminal_columns(STDERR_FILENO);
    const size_t width = columns > taken + 40 ? 40 : columns > taken ? columns - taken : 0;
    draw_bar(share, width, bar);
    /* Clearing after writing, to the line's end, does not flicker. */
    fprintf(stderr, "\r%s %3.0f%%|%s| %s\033[K", p->label, 100 * share, bar, text);
    fflush(stderr);
    p->visible = true;
    on_screen = p;
}

void progress_update(struct progress *p, uint64_t done)
{
    p->done = done;
    if (p->kind == PROGRESS_NONE)
        return;
    const double now = seconds_now();
    if (now - p->drawn < (p->kind == PROGRESS_BAR ? BAR_SECONDS : LINE_SECONDS))
        return;
    p->drawn = now;
    draw(p, now);
}

bool progress_wants_loss(struct progress *p)
{
    const double now = seconds_now();
    if (now - p->asked < LOSS_SECONDS)
        return false;
    p->asked = now;
    return true;
}

void progress_say(struct progress *p, const char *text)
{
    char shown[512];
    const size_t columns = terminal_columns(STDERR_FILENO);
    if (p->kind == PROGRESS_NONE)
        return;
    const double now = seconds_now();
    if (p->drawn == 0)
        p->drawn = now;
    snprintf(shown, p->kind == PROGRESS_BAR && columns < sizeof(shown) ? columns : sizeof(shown), "%s", text);
    make_harmless(shown);
    if (p->kind == PROGRESS_BAR) {
        fprintf(stderr, "\r%s\033[K", shown);
        fflush(stderr);
        p->visible = true;
        on_screen = p;
    } else if (now - p->drawn >= LINE_SECONDS) {
        p->drawn = now;
        fprintf(stderr, "%s\n", shown);
    }
}

void progress_clear(void)
{
    if (on_screen == NULL || !on_screen->visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    on_screen->visible = false;
}

void progress_end(struct progress *p)
{
    progress_clear();
    if (on_screen == p)
        on_screen = NULL;
}
