/* From a batch of images or frames to the input of a run, step by step, in parallel over samples. */
#include <string.h>

#include "train/train.h"

/* Frames are the steps already: only the encoder that changes nothing makes sense of them. */
static mye_status check_frames(const mye_input *in, mye_error *err)
{
    if (in->frames == 0)
        return MYE_OK;
    if (!in->type->is_static)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "encoder '%s' makes steps of an image, but the samples are frames of "
                        "events, which are steps already; use encoder direct",
                        in->method.entry->name);
    if (in->frames == in->T)
        return MYE_OK;
    mye_fail(err, MYE_ERR_SHAPE, "the samples have %d frames, but T is %d", in->frames, in->T);
    return mye_hint(err, "set T to %d", in->frames);
}

mye_status mye_input_create(mye_context *ctx, const char *encoder, int frames, int64_t n, int T,
                            mye_input *out, mye_error *err)
{
    *out = (mye_input){
        .ctx = ctx, .n = n, .T = T, .frames = frames, .sample = frames > 0 ? frames * n : n};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_encoder, encoder, &out->method, err));
    out->type = (const mye_encoder_type *)(const void *)out->method.entry;
    out->is_static = out->type->is_static && frames == 0;
    const mye_status status = check_frames(out, err);
    if (status != MYE_OK) {
        mye_input_free(out);
        return status;
    }
    const size_t bytes = mye_input_bytes(out);
    if (bytes == 0)
        return MYE_OK;
    out->scratch = mye_alloc(ctx, bytes);
    if (out->scratch)
        return MYE_OK;
    mye_input_free(out);
    return mye_no_memory(err, bytes, "the encoder");
}

void mye_input_free(mye_input *in)
{
    if (!in->ctx)
        return;
    mye_free(in->ctx, in->scratch);
    mye_method_free(in->ctx, &in->method);
    *in = (mye_input){0};
}

size_t mye_input_bytes(const mye_input *in)
{
    if (in->type->is_static || in->T == 1) /* frames too: they are copied */
        return 0;
    return (size_t)mye_context_threads(in->ctx) * (size_t)in->T * (size_t)in->n * sizeof(float);
}

typedef struct fill_work {
    const mye_input *in;
    int t0, steps, B;
    float *dst; /* [steps][B][n] */
} fill_work;

static void fill_sample(void *arg, int b, int lane)
{
    const fill_work *w = arg;
    const mye_input *in = w->in;
    const int64_t stride = (int64_t)w->B * in->n;
    float *dst = w->dst + (int64_t)b * in->n;
    const float *image = in->image + (int64_t)b * in->sample;
    const uint64_t index = in->index ? (uint64_t)in->index[b] : 0;
    const uint64_t seed = mye_random_derive(in->seed, index);
    const void *options = in->method.options;
    if (in->frames > 0) {
        for (int t = 0; t < w->steps; t++)
            memcpy(dst + t * stride, image + (w->t0 + t) * in->n, (size_t)in->n * sizeof(float));
        return;
    }
    if (in->type->is_static || (w->t0 == 0 && w->steps == in->T)) {
        in->type->encode(options, in->n, image, in->T, seed, stride, dst);
        return;
    }
    /* Encoders know whole samples only: a rule that goes step by step pays for all steps. */
    float *all = in->scratch + (int64_t)lane * in->T * in->n;
    in->type->encode(options, in->n, image, in->T, seed, in->n, all);
    for (int t = 0; t < w->steps; t++)
        memcpy(dst + t * stride, all + (int64_t)(w->t0 + t) * in->n, (size_t)in->n * sizeof(float));
}

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const mye_input *in = self;
    fill_work w = {.in = in, .t0 = t0, .steps = in->is_static ? 1 : t1 - t0, .B = p->B, .dst = dst};
    mye_parallel(in->ctx, in->B, fill_sample, &w);
}

mye_source mye_input_source(mye_input *in, int B, const float *image, const int64_t *index,
                            uint64_t seed)
{
    in->B = B;
    in->image = image;
    in->index = index;
    in->seed = seed;
    return (mye_source){fill, in};
}
