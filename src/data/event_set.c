/* Recordings to samples. */
#include "data/event_set.h"

mye_status mye_event_set_camera(mye_event_set *set, const mye_binning *binning, int asked, int side,
                                int64_t size, mye_error *err)
{
    if (size > side) /* larger frames would have gaps */
        return mye_fail(err, MYE_ERR_ARG, "size wants at most the camera's %d pixels, got %lld",
                        side, (long long)size);
    const int edge = size > 0 ? (int)size : side;
    set->binning = *binning;
    set->shape = (mye_frames_shape){.T = mye_binning_frames(binning, asked),
                                    .C = mye_binning_channels(binning),
                                    .H = edge,
                                    .W = edge,
                                    .source_W = side,
                                    .source_H = side};
    return MYE_OK;
}

void mye_event_set_describe(const mye_event_set *set, mye_dataset_info *info)
{
    info->n = set->n;
    info->frames = set->shape.T;
    info->C = set->shape.C;
    info->H = set->shape.H;
    info->W = set->shape.W;
}

static size_t size_of(const mye_frames_shape *s)
{
    return (size_t)s->T * (size_t)s->H * (size_t)s->W * (size_t)s->C;
}

mye_status mye_event_set_read(const void *self, int64_t i, float *pixels, int *label,
                              mye_error *err)
{
    const mye_event_set *set = self;

    if (set->fill) {
        MYE_TRY(set->fill(self, i, pixels, err));
    } else {
        mye_events events = {.ctx = set->ctx};
        const mye_status st = set->decode(self, i, &events, err);
        if (st == MYE_OK)
            mye_binning_count(&set->binning, &events, &set->shape, pixels);
        mye_events_free(&events);
        MYE_TRY(st);
    }
    mye_binning_scale(&set->binning, size_of(&set->shape), pixels);
    *label = set->label[i];
    return MYE_OK;
}

mye_status mye_event_set_recording(const void *self, int64_t i, mye_recording_info *out,
                                   mye_error *err)
{
    const mye_event_set *set = self;
    const size_t size = size_of(&set->shape);
    mye_events events = {.ctx = set->ctx};
    float *counts = mye_alloc_array(set->ctx, size, sizeof *counts);
    mye_status st = counts ? MYE_OK : mye_no_memory(err, size * sizeof *counts, "frames");

    *out = (mye_recording_info){.duration_us = -1};
    if (st == MYE_OK)
        st = set->fill ? set->fill(self, i, counts, err) : set->decode(self, i, &events, err);
    if (st == MYE_OK && set->fill) {
        double sum = 0;
        for (size_t k = 0; k < size; k++)
            sum += (double)counts[k];
        out->events = sum < 9e15 ? (int64_t)sum : INT64_MAX;
    } else if (st == MYE_OK) {
        out->events = (int64_t)events.n;
        out->dropped = (int64_t)mye_binning_count(&set->binning, &events, &set->shape, counts);
        out->duration_us = mye_events_duration(&events);
    }
    mye_events_free(&events);
    mye_free(set->ctx, counts);
    return st;
}

mye_status mye_event_set_open(mye_context *ctx, const mye_event_opening *how, const void *options,
                              const char *dir, const char *split, mye_dataset_info *info,
                              void **self, size_t *bytes, mye_error *err)
{
    mye_data_search where = *how->search;
    char *folder = NULL;
    bool is_train;
    MYE_TRY(mye_data_split(where.name, split, &is_train, err));
    if (!is_train && how->test_mark != NULL)
        where.mark = how->test_mark;
    MYE_TRY(mye_data_find(ctx, &where, dir, &folder, err));
    mye_event_set *set = mye_alloc(ctx, how->bytes);
    mye_status st = set ? MYE_OK : mye_no_memory(err, how->bytes, "a dataset");
    if (set) {
        set->ctx = ctx;
        st = how->fill(set, options, folder, is_train, info, bytes, err);
        if (st == MYE_OK)
            *self = set;
        else
            how->close(ctx, set);
    }
    mye_free(ctx, folder);
    return st;
}
