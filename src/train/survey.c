/* Survey: see survey.h. */
#include "train/survey.h"

#include <string.h>

static void *take(mye_arena *arena, bool wanted, int batch, size_t bytes)
{
    return wanted ? mye_arena_take(arena, (size_t)batch * bytes) : NULL;
}

static void lay_out(mye_survey *s, unsigned tells, int batch, mye_arena *arena)
{
    const size_t f = sizeof(float);
    const bool vectors = (tells & MYE_TELL_VECTORS) != 0, sure = (tells & MYE_TELL_CONFIDENCE) != 0;
    s->loss = take(arena, true, batch, f);
    s->error = take(arena, vectors || (tells & MYE_TELL_ERROR) != 0, batch, f);
    s->spikes = take(arena, (tells & MYE_TELL_SPIKES) != 0, batch, f);
    s->confidence = take(arena, sure, batch, f);
    s->right = take(arena, sure, batch, sizeof *s->right);
    s->error_vector = take(arena, vectors, batch, (size_t)s->n_classes * f);
    s->feature = take(arena, vectors, batch, (size_t)s->n_feature * f);
}

size_t mye_survey_bytes(const mye_model *model, unsigned tells, int batch)
{
    mye_survey s = {.n_classes = mye_model_classes(model),
                    .n_feature = mye_model_feature_size(model)};
    mye_arena arena = {NULL, SIZE_MAX, 0};
    lay_out(&s, tells, batch, &arena);
    return arena.used + MYE_ALIGN;
}

mye_status mye_survey_create(mye_context *ctx, mye_run *run, mye_input *input, int batch,
                             mye_survey *out, mye_error *err)
{
    const mye_run_options *asked = mye_run_asked(run);
    const mye_model *model = mye_run_model(run);
    const size_t bytes = mye_survey_bytes(model, asked->tells, batch);
    *out = (mye_survey){.ctx = ctx,
                        .run = run,
                        .input = input,
                        .run_batch = asked->B,
                        .n_classes = mye_model_classes(model),
                        .n_feature = mye_model_feature_size(model),
                        .block = mye_alloc(ctx, bytes)};
    if (out->block == NULL)
        return mye_no_memory(err, bytes, "what is known of samples");
    mye_arena arena = {out->block, bytes, 0};
    lay_out(out, asked->tells, batch, &arena);
    return MYE_OK;
}

void mye_survey_free(mye_survey *s)
{
    if (s->ctx != NULL)
        mye_free(s->ctx, s->block);
    s->block = NULL;
}

static void keep(void *to, const void *from, int at, int n, size_t bytes)
{
    if (to != NULL)
        memcpy((unsigned char *)to + (size_t)at * bytes, from, (size_t)n * bytes);
}

mye_status mye_survey_look(mye_survey *s, const mye_survey_batch *b, mye_error *err)
{
    const size_t f = sizeof(float);
    for (int at = 0; at < b->B; at += s->run_batch) {
        const int n = b->B - at < s->run_batch ? b->B - at : s->run_batch;
        const mye_target target = {.label = b->label + at,
                                   .label_b = b->label_b != NULL ? b->label_b + at : NULL,
                                   .mix = b->mix != NULL ? b->mix + at : NULL};
        const mye_source source =
            mye_input_source(s->input, n, b->image + at * s->input->sample,
                             b->index != NULL ? b->index + at : NULL, b->epoch_seed);
        mye_step_result r;
        MYE_TRY(mye_run_step(s->run, n, source, &target, b->seed, &r, err));
        s->output = r.output;
        keep(s->loss, r.told.loss, at, n, f);
        keep(s->error, r.told.error, at, n, f);
        keep(s->spikes, r.told.spikes, at, n, f);
        keep(s->confidence, r.told.confidence, at, n, f);
        keep(s->right, r.told.right, at, n, sizeof *s->right);
        keep(s->error_vector, r.told.error_vector, at, n, (size_t)s->n_classes * f);
        keep(s->feature, r.told.feature, at, n, (size_t)s->n_feature * f);
    }
    return MYE_OK;
}

mye_told mye_survey_told(const mye_survey *s)
{
    return (mye_told){.loss = s->loss,
                      .error = s->error,
                      .spikes = s->spikes,
                      .confidence = s->confidence,
                      .right = s->right,
                      .error_vector = s->error_vector,
                      .feature = s->feature,
                      .n_classes = s->n_classes,
                      .n_feature = s->n_feature};
}
