/* How much memory the system would still give to this process: Linux tells it in files; elsewhere it is not known. */
#define _POSIX_C_SOURCE 200809L

#include "core/os.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number after a key at the begin of a line, such as "MemAvailable:  123 kB"; "" as key: the first number.
 * UINT64_MAX: there is none, or it says "max". */
static uint64_t number_in(const char *path, const char *key)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    FILE *file = fopen(path, "r");
    while (file != NULL && value == UINT64_MAX && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, strlen(key)) != 0 || sscanf(line + strlen(key), "%" SCNu64, &value) != 1)
            value = UINT64_MAX;
    if (file != NULL)
        fclose(file);
    return value;
}

static uint64_t less(uint64_t all, uint64_t used)
{
    return all > used ? all - used : 0;
}

/* Swap is included: who wants to train in it may. */
static uint64_t system_memory(void)
{
    const uint64_t memory = number_in("/proc/meminfo", "MemAvailable:"), swap = number_in("/proc/meminfo", "SwapFree:");
    return memory == UINT64_MAX ? UINT64_MAX : 1024 * (memory + (swap == UINT64_MAX ? 0 : swap));
}

/* The process's limit of addresses, as `ulimit -v` sets it. */
static uint64_t address_space(void)
{
    struct rlimit limit;
    const uint64_t pages = number_in("/proc/self/statm", "");
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || pages == UINT64_MAX)
        return UINT64_MAX;
    return less(limit.rlim_cur, pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* What is left to a control group (version 2), which is how containers are limited. Files that it has read count as
 * used, though they give way. */
static uint64_t control_group(const char *group)
{
    char path[4096 + 64];
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
    const uint64_t most = number_in(path, "");
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", group);
    const uint64_t used = number_in(path, "");
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group);
    const uint64_t files = number_in(path, "inactive_file");
    if (most == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    return less(most, less(used, files == UINT64_MAX ? 0 : files));
}

/* Of the process's own group and of those that it is in. */
static uint64_t control_groups(void)
{
    char line[4096];
    uint64_t least = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *end = line + strlen(line); end != NULL; end = strrchr(line + 3, '/')) {
            *end = '\0';
            const uint64_t left = control_group(line + 3);
            least = left < least ? left : least;
        }
    }
    if (file != NULL)
        fclose(file);
    return least;
}

uint64_t tenka_os_free_memory(void)
{
    const uint64_t all[] = {system_memory(), address_space(), control_groups()};
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        least = all[i] < least ? all[i] : least;
    return least == UINT64_MAX ? 0 : least > 0 ? least : 1;
}
