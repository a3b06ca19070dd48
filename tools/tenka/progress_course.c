/* The course of the loss in one line: a cell for each stretch of the run so far, the higher the larger its loss. */
#define _POSIX_C_SOURCE 200809L
#include <langinfo.h>
#include <math.h>
#include <string.h>

#include "tenka.h"

/* When all cells are taken, each two become one, and what follows is gathered for as long. */
static void halve(struct progress *p)
{
    for (uint32_t i = 0; i < PROGRESS_CELLS / 2; i++)
        p->cell[i] = (p->cell[2 * i] + p->cell[2 * i + 1]) / 2;
    p->cells = PROGRESS_CELLS / 2;
    p->each *= 2;
}

void progress_take_loss(struct progress *p, double sum, uint64_t count)
{
    /* The sum begins anew with each epoch. */
    const bool goes_on = count >= p->known_count;
    const double more = sum - (goes_on ? p->known_sum : 0);
    const uint64_t steps = count - (goes_on ? p->known_count : 0);
    if (steps == 0 || !isfinite(sum))
        return;
    p->known_sum = sum;
    p->known_count = count;
    p->each = p->each > 0 ? p->each : 1;
    p->gathered += more / (double)steps;
    if (++p->gathering < p->each)
        return;
    p->cell[p->cells++] = p->gathered / p->gathering;
    p->gathered = 0;
    p->gathering = 0;
    if (p->cells == PROGRESS_CELLS)
        halve(p);
}

/* The mean of the readings that fall into cell i of n. */
static double reading(const struct progress *p, size_t i, size_t n)
{
    const size_t first = i * p->cells / n, end = (i + 1) * p->cells / n;
    double sum = 0;
    for (size_t k = first; k < end; k++)
        sum += p->cell[k];
    return sum / (double)(end - first);
}

void progress_course(const struct progress *p, size_t columns, char out[static PROGRESS_COURSE])
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, *const plain[] = {"_", ".", ":", "-",
                                                                                                    "=", "+", "*", "#"};
    const char *const *const signs = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? blocks : plain;
    const size_t n = p->cells < columns ? p->cells : columns;
    double least = INFINITY, most = -INFINITY;
    out[0] = '\0';
    if (p->cells < 2)
        return;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, reading(p, i, n));
        most = fmax(most, reading(p, i, n));
    }
    for (size_t i = 0; i < n; i++) {
        const double part = most > least ? (reading(p, i, n) - least) / (most - least) : 0;
        strcat(out, signs[(size_t)(part * 7 + 0.5)]);
    }
}
