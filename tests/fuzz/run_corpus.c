/* The targets' main where there is no fuzzer: runs each file of the folders named once.   fuzz_NAME FOLDER... */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define MAX_INPUT (1 << 20)

static int run_file(const char *path)
{
    /* Of exactly the size, so that the address sanitizer sees a read past the end. */
    uint8_t *const room = malloc(MAX_INPUT);
    FILE *const file = fopen(path, "rb");
    const size_t size = room != NULL && file != NULL ? fread(room, 1, MAX_INPUT, file) : 0;
    uint8_t *const data = realloc(room, size > 0 ? size : 1);
    const int failed = file == NULL || data == NULL || ferror(file);
    if (file != NULL)
        fclose(file);
    if (failed)
        fprintf(stderr, "cannot read %s\n", path);
    else
        LLVMFuzzerTestOneInput(data, size);
    free(data != NULL ? data : room);
    return failed;
}

static int run_folder(const char *folder)
{
    DIR *const dir = opendir(folder);
    char path[4096];
    int failed = dir == NULL, count = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        /* Said before the run, so that a crash names its input. */
        printf("%s\n", path);
        fflush(stdout);
        failed |= run_file(path);
        count++;
    }
    if (dir != NULL)
        closedir(dir);
    if (count == 0)
        fprintf(stderr, "%s: no inputs\n", folder);
    return failed || count == 0;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++)
        failed |= run_folder(argv[i]);
    return failed;
}
