#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "tenka.h"

#define BAR_SECONDS 0.1
#define LINE_SECONDS 10.0
#define LOSS_SECONDS 0.5

/* Whose bar stands on the terminal's current line. */
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

/* All but the last column: after a character there, some terminals go to the next line. */
static size_t columns_to_write(void)
{
    return terminal_columns(STDERR_FILENO) - 1;
}

/* Replaces what stands on the terminal's line: writes over it, and then clears the rest, which does not flicker. */
static void show(struct progress *p, const char *text)
{
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    p->visible = true;
    on_screen = p;
}

static void draw(struct progress *p, double now)
{
    char line[PROGRESS_BYTES];
    progress_line(p, now - p->start, p->kind == PROGRESS_BAR ? columns_to_write() : SIZE_MAX, line);
    if (p->kind == PROGRESS_BAR)
        show(p, line);
    else
        fprintf(stderr, "%s\n", line);
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
    if (p->kind == PROGRESS_NONE)
        return;
    const double now = seconds_now();
    if (p->drawn == 0)
        p->drawn = now;
    snprintf(shown, sizeof(shown), "%s", text);
    make_harmless(shown);
    if (p->kind == PROGRESS_BAR) {
        text_cut(shown, columns_to_write());
        show(p, shown);
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
