/*
 * What all data sets of events share: decode a recording, bin it, scale the counts. The struct of a
 * data set begins with a mye_event_set, so that these functions take its `self`.
 */
#ifndef MYE_EVENT_SET_H
#define MYE_EVENT_SET_H

#include "data/binning.h"
#include "data/files.h"

typedef struct mye_event_set {
    mye_context *ctx;
    mye_binning binning;
    mye_frames_shape shape;
    int64_t n;
    int32_t *label; /* [n] */
    /* The events of recording i; called from several threads. */
    mye_status (*decode)(const void *self, int64_t i, mye_events *out, mye_error *err);
    /* Instead of decode, where files hold frames: counts [T][H][W][C]. */
    mye_status (*fill)(const void *self, int64_t i, float *counts, mye_error *err);
} mye_event_set;

/* T frames of a camera with side x side pixels, resized to size x size (0: as they are). */
mye_status mye_event_set_camera(mye_event_set *set, const mye_binning *binning, int asked, int side,
                                int64_t size, mye_error *err);
/* Fills what follows from the set: n, sides, channels, frames. */
void mye_event_set_describe(const mye_event_set *set, mye_dataset_info *info);
/* `read` and `recording` of a data set type. */
mye_status mye_event_set_read(const void *self, int64_t i, float *pixels, int *label,
                              mye_error *err);
mye_status mye_event_set_recording(const void *self, int64_t i, mye_recording_info *out,
                                   mye_error *err);

/* Row of a parameter table for the side of frames. */
#define MYE_EVENT_SIZE_PARAM(of, field)                                                      \
    {                                                                                        \
        .name = "size", .type = MYE_PARAM_INT, .offset = offsetof(of, field), .def = "0",    \
        .min = 0, .max = 1024, .unit = "pixels",                                             \
        .help = "side of a frame; the events of all its pixels are added up; 0: as recorded" \
    }

/* How a set is opened: found, allocated, filled, and given back when that fails. Its struct begins with
 * the mye_event_set. */
typedef struct mye_event_opening {
    const mye_data_search *search;
    const char *test_mark; /* what marks the folder when the test split is asked; NULL: the same */
    size_t bytes;          /* of the set's struct, which is zeroed                             */
    mye_status (*fill)(void *self, const void *options, const char *folder, bool is_train,
                       mye_dataset_info *info, size_t *bytes, mye_error *err);
    void (*close)(mye_context *ctx, void *self);
} mye_event_opening;
mye_status mye_event_set_open(mye_context *ctx, const mye_event_opening *how, const void *options,
                              const char *dir, const char *split, mye_dataset_info *info,
                              void **self, size_t *bytes, mye_error *err);

#endif
