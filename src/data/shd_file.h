/*
 * The HDF5 file of SHD: /spikes/times and /spikes/units (arrays of varying length, one for each
 * sample) and /labels. Needs libhdf5 (MYELIN_HAVE_HDF5); without it opening fails with a sentence.
 *
 * libhdf5 is not safe from several threads as distributions build it, so the whole file is read
 * when it is opened, and closed again.
 */
#ifndef MYE_SHD_FILE_H
#define MYE_SHD_FILE_H

#include "base/base.h"

typedef struct mye_shd {
    mye_context *ctx;
    int64_t n;
    int32_t *label; /* [n] as in the file                      */
    size_t *start;  /* [n + 1] places in the arrays below      */
    float *time_s;
    uint16_t *unit;
    size_t capacity; /* of the two arrays, elements */
} mye_shd;

/* At most `limit` samples; 0: all. `out` may be freed after a failure too. */
mye_status mye_shd_read(mye_context *ctx, const char *path, int64_t limit, mye_shd *out,
                        mye_error *err);
size_t mye_shd_bytes(const mye_shd *shd);
void mye_shd_free(mye_shd *shd);

#endif
