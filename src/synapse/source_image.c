/*
 * Images of a data set: a front end finds features in them, and a code makes a spike of each. Patterns
 * are encoded in rounds, images of a round in parallel, and added in the order of the data set.
 * Beside the set itself that takes MAX_BYTES at most for the spikes of a round (or those of one
 * image, where that is more), and the maps of one image for each thread.
 */
#include "myelin/data.h"
#include "synapse/image.h"

#include "data/data.h"

#define MAX_BYTES  ((int64_t)64 << 20) /* spikes of a round */
#define MAX_IMAGES 1024                /* images of a round */

typedef struct options {
    char data[MYE_METHOD_MAX], feature[MYE_METHOD_MAX], code[MYE_METHOD_MAX];
} options;

static const mye_param params[] = {
    {"code", MYE_PARAM_METHOD, offsetof(options, code), MYE_METHOD_MAX, "augmented", 0, 0, NULL,
     &mye_kind_imagecode, "", "how values become spikes"},
    {"data", MYE_PARAM_METHOD, offsetof(options, data), MYE_METHOD_MAX, "mnist", 0, 0, NULL,
     &mye_kind_dataset, "", "the images"},
    {"feature", MYE_PARAM_METHOD, offsetof(options, feature), MYE_METHOD_MAX, "pixels", 0, 0, NULL,
     &mye_kind_feature, "", "what is found in them first"},
    {0},
};

/* What became of one image of a round. */
typedef struct slot {
    int64_t n;
    int label;
    mye_status status;
    mye_error err;
} slot;

typedef struct work {
    mye_context *ctx;
    mye_dataset *data;
    mye_method feature, code;
    mye_feature_plan plan;
    int64_t units, round; /* images of a round                                  */
    int64_t start;        /* the first image of this one                        */
    int64_t pixels, lane; /* floats: of an image; of image, maps and scratch    */
    float *fixed, *lanes; /* [plan.fixed], [threads][lane]                      */
    mye_spike *spike;     /* [round][units]                                     */
    slot *slot;           /* [round]                                            */
} work;

static void encode_one(void *arg, int shard, int lane)
{
    work *w = arg;
    const mye_feature_type *feature = (const mye_feature_type *)w->feature.entry;
    const mye_imagecode_type *code = (const mye_imagecode_type *)w->code.entry;
    float *image = w->lanes + lane * w->lane, *maps = image + w->pixels, *scratch = maps + w->units;
    mye_spike *spike = w->spike + shard * w->units;
    slot *s = &w->slot[shard];
    s->status = mye_dataset_read(w->data, w->start + shard, image, &s->label, &s->err);
    if (s->status != MYE_OK)
        return;
    feature->extract(w->feature.options, &w->plan, w->fixed, image, scratch, maps);
    s->n = code->encode(w->code.options, &w->plan.out, maps, spike);
    mye_spikes_sort(spike, s->n); /* here, where threads share the work */
}

static mye_status allocate(work *w, mye_error *err)
{
    const int64_t threads = mye_context_threads(w->ctx);
    const int64_t fit = MAX_BYTES / (w->units * (int64_t)sizeof(mye_spike));
    const int64_t n = mye_dataset_about(w->data)->n, most = n < MAX_IMAGES ? n : MAX_IMAGES;
    w->round = fit < 1 ? 1 : fit < most ? fit : most;
    w->pixels = (int64_t)mye_dataset_sample_size(mye_dataset_about(w->data));
    w->lane = w->pixels + w->units + w->plan.work;
    w->fixed = mye_alloc_array(w->ctx, (size_t)w->plan.fixed, sizeof(*w->fixed));
    w->lanes = mye_alloc_array(w->ctx, (size_t)(threads * w->lane), sizeof(*w->lanes));
    w->spike = mye_alloc_array(w->ctx, (size_t)(w->round * w->units), sizeof(*w->spike));
    w->slot = mye_alloc_array(w->ctx, (size_t)w->round, sizeof(*w->slot));
    if (!w->fixed || !w->lanes || !w->spike || !w->slot)
        return mye_no_memory(err, (size_t)(w->round * w->units) * sizeof(*w->spike),
                             "the spikes of images");
    return MYE_OK;
}

static mye_status make_plan(const options *o, const mye_source_request *ask, work *w,
                            mye_error *err)
{
    MYE_TRY(mye_method_parse(w->ctx, &mye_kind_feature, o->feature, &w->feature, err));
    MYE_TRY(mye_method_parse(w->ctx, &mye_kind_imagecode, o->code, &w->code, err));
    MYE_TRY(mye_dataset_open(w->ctx, o->data, ask->dir, ask->split, &w->data, err));
    const mye_dataset_info *info = mye_dataset_about(w->data);
    const mye_feature_type *feature = (const mye_feature_type *)w->feature.entry;
    if (info->frames > 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "the source image wants images, but %s has events in %d frames", info->name,
                        info->frames);
    if (info->classes > MYE_CLASSES_MAX)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "patterns have at most %d classes, %s has %d",
                        MYE_CLASSES_MAX, info->name, info->classes);
    w->plan.in = (mye_maps){info->C, info->H, info->W};
    MYE_TRY(feature->plan(w->feature.options, &w->plan, err));
    w->units = mye_maps_size(&w->plan.out);
    if (w->units > MYE_UNITS_MAX)
        return mye_fail(err, MYE_ERR_SHAPE, "%s finds %lld values in an image, more than %d",
                        feature->entry.name, (long long)w->units, MYE_UNITS_MAX);
    MYE_TRY(allocate(w, err));
    if (feature->prepare)
        feature->prepare(w->feature.options, &w->plan, w->fixed);
    return MYE_OK;
}

static mye_status name_classes(const work *w, mye_patterns *set, mye_error *err)
{
    const mye_dataset_info *info = mye_dataset_about(w->data);
    for (int k = 0; k < info->classes; k++)
        MYE_TRY(mye_patterns_name(set, k, info->class_names[k], err));
    return MYE_OK;
}

static mye_status add_round(work *w, int64_t n, mye_patterns *set, mye_error *err)
{
    const mye_imagecode_type *code = (const mye_imagecode_type *)w->code.entry;
    mye_parallel(w->ctx, (int)n, encode_one, w);
    for (int64_t i = 0; i < n; i++) {
        const slot *s = &w->slot[i];
        if (s->status != MYE_OK)
            return mye_fail(err, s->status, "%s", s->err.message);
        const mye_pattern p = {.spike = w->spike + i * w->units,
                               .n = s->n,
                               .window_ms = code->window_ms(w->code.options, &w->plan.out),
                               .label = s->label};
        MYE_TRY(mye_patterns_add(set, &p, err));
    }
    return MYE_OK;
}

/* Room for n images with as many spikes as those so far: growing step by step would copy all of them. */
static mye_status expect_as_many(mye_patterns *set, int64_t n, mye_error *err)
{
    const double mean = (double)set->info.spikes / (double)set->info.n;
    return mye_patterns_reserve(set, n, (int64_t)(1.05 * mean * (double)n), err);
}

static mye_status encode_all(work *w, mye_patterns **out, mye_error *err)
{
    const mye_dataset_info *info = mye_dataset_about(w->data);
    MYE_TRY(mye_patterns_create(w->ctx, (int32_t)w->units, info->classes, out, err));
    MYE_TRY(name_classes(w, *out, err));
    for (w->start = 0; w->start < info->n; w->start += w->round) {
        const int64_t left = info->n - w->start;
        if (mye_context_cancelled(w->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "encoding images was stopped");
        MYE_TRY(add_round(w, left < w->round ? left : w->round, *out, err));
        if (w->start == 0)
            MYE_TRY(expect_as_many(*out, info->n - (*out)->info.n, err));
    }
    return MYE_OK;
}

static mye_status open_source(mye_context *ctx, const void *opt, const mye_source_request *ask,
                              mye_patterns **out, mye_error *err)
{
    work w = {.ctx = ctx};
    mye_status st = make_plan(opt, ask, &w, err);
    if (st == MYE_OK)
        st = encode_all(&w, out, err);
    mye_free(ctx, w.slot);
    mye_free(ctx, w.spike);
    mye_free(ctx, w.lanes);
    mye_free(ctx, w.fixed);
    mye_dataset_free(w.data);
    mye_method_free(ctx, &w.code);
    mye_method_free(ctx, &w.feature);
    return st;
}

const mye_source_type mye_source_image = {
    .entry = {"image", "images of a data set, pixels or features, by latency, phase or coefficient",
              "Yu et al. 2020 (set-up: reconstructed)", params, sizeof(options)},
    .open = open_source,
};
