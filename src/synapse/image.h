/*
 * Images as spike patterns: what a front end finds in an image (kind `feature`), and how the values
 * that it found become spikes (kind `imagecode`). One method = one file + one line in a list.
 */
#ifndef MYE_SYNAPSE_IMAGE_H
#define MYE_SYNAPSE_IMAGE_H

#include "synapse/patterns.h"

/* Maps [C][H][W] of values from 0 to 1; value (c, y, x) is afferent (c H + y) W + x. */
typedef struct mye_maps {
    int C, H, W;
} mye_maps;

int64_t mye_maps_size(const mye_maps *maps);

/* ---- front ends (features.c) ---- */

typedef struct mye_feature_plan {
    mye_maps in;   /* the image: [H][W][C], as data sets have it            */
    mye_maps out;  /* what is found                                         */
    int64_t fixed; /* floats that are the same for all images, see prepare */
    int64_t work;  /* floats of scratch for one image                      */
} mye_feature_plan;

typedef struct mye_feature_type {
    mye_entry entry;
    /* Finds plan->in, fills in the rest. */
    mye_status (*plan)(const void *options, mye_feature_plan *plan, mye_error *err);
    /* Computes `fixed`; NULL: there is none. */
    void (*prepare)(const void *options, const mye_feature_plan *plan, float *fixed);
    void (*extract)(const void *options, const mye_feature_plan *plan, const float *fixed,
                    const float *image, float *work, float *out);
} mye_feature_type;

extern const mye_kind mye_kind_feature;

/* ---- codes (imagecodes.c) ---- */

/* Which values share a time (a phase): all; those of a column, a row, a place, a map. */
enum { MYE_SHARE_ALL, MYE_SHARE_COLUMN, MYE_SHARE_ROW, MYE_SHARE_PLACE, MYE_SHARE_MAP };
#define MYE_SHARE_CHOICES "all|column|row|place|map"

int64_t mye_share_groups(const mye_maps *maps, int share);
int64_t mye_share_group(const mye_maps *maps, int share, int64_t unit);

typedef struct mye_imagecode_type {
    mye_entry entry;
    /* Writes at most one spike a value, in any order; returns how many. */
    int64_t (*encode)(const void *options, const mye_maps *maps, const float *value,
                      mye_spike *spike);
    double (*window_ms)(const void *options, const mye_maps *maps);
} mye_imagecode_type;

extern const mye_kind mye_kind_imagecode;

#endif
