/* Inside of reading .pt files: the two kinds of file, and where in its pickle a state_dict is. */
#ifndef TENKA_IO_PT_FILE_H
#define TENKA_IO_PT_FILE_H

#include "io/pt.h"

/* "PATH: the entry NAME WHAT", as E_FORMAT. */
tenka_status tenka_pt_fail_entry(struct tenka_error *err, const struct tenka_pt_file *file, const char *name,
                                 const char *what);

/* ---- Zip archives (pt_zip.c). Errors: E_IO, E_FORMAT, E_NOMEM. ---- */

tenka_status tenka_pt_zip_open(struct tenka_error *err, struct tenka_pt_file *file, struct tenka_pickle *out);
/* Finds the entry of a tensor's storage, which is whole. */
tenka_status tenka_pt_zip_place(struct tenka_error *err, const struct tenka_pt_file *file, struct tenka_pt_tensor *t);
tenka_status tenka_pt_zip_read(struct tenka_error *err, const struct tenka_pt_file *file, uint64_t entry,
                               uint64_t offset, void *dst, uint64_t bytes);

/* ---- Files of before PyTorch 1.6 (pt_legacy.c). Errors: E_IO, E_FORMAT, E_NOMEM. ---- */

/* Whether a file with these first bytes is one. */
bool tenka_pt_is_legacy(const unsigned char *bytes, size_t count);
/* Each storage's place becomes where in the file its elements begin; all are whole. */
tenka_status tenka_pt_legacy_open(struct tenka_error *err, struct tenka_pt_file *file, struct tenka_pickle *out);

/* ---- The state_dict (pt_dict.c) ---- */

/* The dict of tensors in what was pickled. Errors: E_FORMAT, with what was found instead and what helps. */
tenka_status tenka_pt_find_dict(struct tenka_error *err, const struct tenka_pt_file *file,
                                const struct tenka_pickle_value *top, const struct tenka_pickle_value **out);

#endif
