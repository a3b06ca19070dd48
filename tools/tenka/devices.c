#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* The CPU is the last of the list and has no index: `--device` chooses among the Vulkan devices. */
static bool is_cpu(const struct tenka_device_info *device)
{
    return strcmp(device->kind, "cpu") == 0;
}

static void print_index(const struct tenka_device_info *device, size_t index)
{
    if (is_cpu(device))
        printf("  -");
    else
        printf("%3zu", index);
}

static void print_device(const struct tenka_device_info *device, size_t index)
{
    print_index(device, index);
    printf("%c %-10s ", device->chosen ? '*' : ' ', device->kind);
    if (device->memory > 0)
        printf("%6.1f GiB  ", (double)device->memory / (1 << 30));
    else
        printf("%12s", "");
    print_text(stdout, "%s", device->name);
    if (device->driver[0] != '\0')
        print_text(stdout, " (%s)", device->driver);
    putchar('\n');
    if (device->uuid[0] != '\0')
        printf("%28sUUID %s\n", "", device->uuid);
    if (device->note[0] != '\0')
        print_text(stdout, "%28s%s\n", "", device->note);
}

/* Why the CPU is picked, beside devices of which none is a discrete or an integrated GPU that can be used. */
static void print_choice_of_cpu(const struct tenka_device_info *devices, size_t count)
{
    fputs("\n* '--backend auto' picks the CPU: there is no discrete or integrated GPU that can be used", stdout);
    for (size_t i = 0; i < count; i++)
        if (!is_cpu(&devices[i]) && devices[i].usable) {
            printf(", and what else Vulkan has, such as device %zu (%s), is used only when asked for ('--backend "
                   "vulkan')",
                   i, devices[i].kind);
            break;
        }
    puts(".\n  VK_LOADER_DEBUG=error in the environment shows the drivers that Vulkan's loader passes over, and why.");
}

static void print_choice(const struct tenka_device_info *devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!devices[i].chosen)
            continue;
        if (is_cpu(&devices[i]))
            print_choice_of_cpu(devices, count);
        else
            printf("\n* '--backend auto' picks device %zu: the first usable one of the best kind here, %s.\n", i,
                   devices[i].kind);
    }
}

static void print_json(const struct tenka_device_info *devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct tenka_device_info *d = &devices[i];
        const char *const fields[][2] = {
            {"name", d->name}, {"driver", d->driver}, {"uuid", d->uuid}, {"kind", d->kind}, {"note", d->note},
        };
        printf("%s\n  {\"index\":", i == 0 ? "[" : ",");
        if (is_cpu(d))
            printf("null");
        else
            printf("%zu", i);
        for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
            printf(",\"%s\":", fields[f][0]);
            log_json_string(stdout, fields[f][1]);
        }
        printf(",\"memory\":%" PRIu64 ",\"usable\":%s,\"chosen\":%s}", d->memory, d->usable ? "true" : "false",
               d->chosen ? "true" : "false");
    }
    puts(count > 0 ? "\n]" : "[]");
}

int command_devices(const struct options *options)
{
    size_t count = 0;
    if (tenka_devices(NULL, 0, &count) != TENKA_OK)
        return say_library_failed(NULL);
    const size_t room = count;
    struct tenka_device_info *devices = calloc(room + 1, sizeof(*devices));
    if (devices == NULL)
        return say_failed("out of memory");
    if (tenka_devices(devices, room, &count) != TENKA_OK) {
        free(devices);
        return say_library_failed(NULL);
    }
    count = count < room ? count : room;
    if (options->json) {
        print_json(devices, count);
    } else {
        for (size_t i = 0; i < count; i++)
            print_device(&devices[i], i);
        print_choice(devices, count);
    }
    free(devices);
    return fflush(stdout) == 0 ? EXIT_CODE_OK : say_output_failed();
}
