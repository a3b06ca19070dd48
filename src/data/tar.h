/* The files of a tar archive, plain or compressed by gzip, one after the other. Nothing is unpacked to the disk.
 * Format: POSIX.1-2001, pax (ustar and its extended headers), and GNU tar's long names. */
#ifndef TENKA_DATA_TAR_H
#define TENKA_DATA_TAR_H

#include "core/core.h"

typedef struct tenka_tar tenka_tar;

/* What an archive may hold at most: more is a bomb, or nothing that is wanted. */
#define TENKA_TAR_MAX_BYTES (UINT64_C(1) << 31)
#define TENKA_TAR_MAX_FILES 10000u

/* Errors: E_IO, E_NOMEM; E_FORMAT (neither kind of file). */
tenka_status tenka_tar_open(struct tenka_error *err, const char *path, tenka_tar **out);
void tenka_tar_close(tenka_tar **tar);
/* Goes to the next regular file; *name, the archive's, is NULL behind the last. Errors: E_IO, E_NOMEM; E_FORMAT (cut
 * off, damaged, too large; a name that leads out of the archive). */
tenka_status tenka_tar_next(tenka_tar *tar, const char **name, uint64_t *bytes);
/* All bytes of the file that next has gone to, followed by a zero; to be freed with tenka_free. Errors: as next. */
tenka_status tenka_tar_read(tenka_tar *tar, void **data);

#endif
