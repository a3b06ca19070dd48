/* Shared by the fuzzing targets: a context that lives as long as the process, and a file with the input in it. */
#ifndef TENKA_TESTS_FUZZ_H
#define TENKA_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "tenka/tenka.h"

/* What each target defines. Returns 0; anything wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A context on the CPU with one thread, made at the first call. */
tenka_ctx *fuzz_ctx(void);

/* A folder of the process's own, in memory where that is possible; removed when the process ends. */
const char *fuzz_dir(void);

/* Makes the file name in fuzz_dir() hold exactly these bytes and returns its path, which stays valid until the next
 * call. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

/* Removes the file name from fuzz_dir(). */
void fuzz_remove(const char *name);

/* Ends the process with what was expected, so that the fuzzer takes the input for a finding. */
void fuzz_expect(int condition, const char *expected);

#endif
