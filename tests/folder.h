/* A folder that lasts as long as a test. Wants POSIX. */
#ifndef TENKA_TESTS_FOLDER_H
#define TENKA_TESTS_FOLDER_H

#include <unistd.h>

#include "inputs.h"

static char folder[64];

/* In the folder; until the next call. */
static inline const char *path(const char *name)
{
    static char text[512];
    snprintf(text, sizeof(text), "%s/%s", folder, name);
    return text;
}

static inline int set_up_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tenka-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

/* With all that is in it. */
static inline int tear_down_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

#endif
