/* How neurons are taught: parsing and checks; what a pupil keeps. */
#include "synapse/lesson.h"

#include <math.h>
#include <string.h>

const mye_rule_type *mye_lesson_rule(const mye_lesson *lesson)
{
    return (const mye_rule_type *)lesson->rule.entry;
}

mye_status mye_lesson_check_times(const mye_lesson *lesson, bool given, mye_error *err)
{
    if (given || !mye_lesson_rule(lesson)->wants_times)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG, "rule '%s' wants the times of spikes, not their number",
                    lesson->rule.entry->name);
}

static const mye_move_type *move_of(const mye_lesson *lesson)
{
    return (const mye_move_type *)lesson->move.entry;
}

static mye_status check_numbers(const mye_synapse_options *o, mye_error *err)
{
    if (!(o->theta > 0) || !isfinite(o->theta))
        return mye_fail(err, MYE_ERR_ARG, "a neuron wants a threshold above 0, got %g", o->theta);
    if (!(o->lambda > 0) || !isfinite(o->lambda))
        return mye_fail(err, MYE_ERR_ARG, "the learning rate lambda is to be above 0, got %g",
                        o->lambda);
    if (!(o->decay >= 0 && o->decay <= 1))
        return mye_fail(err, MYE_ERR_ARG, "the learning rate's decay is to be in 0..1, got %g",
                        o->decay);
    if (!isfinite(o->init_mean) || !(o->init_sd >= 0) || !isfinite(o->init_sd))
        return mye_fail(err, MYE_ERR_ARG,
                        "first weights want a finite mean and deviation, got %g and %g",
                        o->init_mean, o->init_sd);
    if (o->epochs < 1 || o->batch < 1 || o->batch > 65536)
        return mye_fail(err, MYE_ERR_ARG,
                        "teaching wants 1 epoch or more and a batch of 1 to 65536, got %lld and %d",
                        (long long)o->epochs, o->batch);
    return MYE_OK;
}

static mye_status copy_texts(mye_lesson *lesson, mye_error *err)
{
    const char **text[] = {&lesson->o.psp, &lesson->o.rule, &lesson->o.move, &lesson->o.noise};
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        const char *given = *text[i] ? *text[i] : "";
        if (strlen(given) >= sizeof(lesson->text[i]))
            return mye_fail(err, MYE_ERR_ARG, "'%.40s...' is longer than %zu letters", given,
                            sizeof(lesson->text[i]) - 1);
        memcpy(lesson->text[i], given, strlen(given) + 1);
        *text[i] = lesson->text[i];
    }
    return MYE_OK;
}

mye_status mye_lesson_open(mye_context *ctx, const mye_synapse_options *options, mye_lesson *out,
                           mye_error *err)
{
    *out = (mye_lesson){.ctx = ctx, .o = *options};
    MYE_TRY(check_numbers(options, err));
    MYE_TRY(copy_texts(out, err));
    MYE_TRY(mye_psp_parse(ctx, out->o.psp, &out->psp, err));
    MYE_TRY(mye_method_parse(ctx, &mye_kind_rule, out->o.rule, &out->rule, err));
    MYE_TRY(mye_method_parse(ctx, &mye_kind_move, out->o.move, &out->move, err));
    return mye_noises_parse(ctx, out->o.noise, &out->noise, err);
}

void mye_lesson_close(mye_lesson *lesson)
{
    if (lesson->rule.entry)
        mye_method_free(lesson->ctx, &lesson->rule);
    if (lesson->move.entry)
        mye_method_free(lesson->ctx, &lesson->move);
    mye_noises_free(&lesson->noise);
    *lesson = (mye_lesson){0};
}

bool mye_lesson_has_state(const mye_lesson *lesson)
{
    return move_of(lesson)->has_state;
}

double mye_lesson_lambda(const mye_lesson *lesson, int64_t epoch)
{
    const double last = (double)(lesson->o.epochs - 1);
    const double part = last > 0 ? (double)(epoch - 1) / last : 0;
    return lesson->o.lambda * (1 - lesson->o.decay * part);
}

void mye_pupil_init(const mye_lesson *lesson, int32_t units, uint64_t number, double *w)
{
    for (int32_t i = 0; i < units; i++) {
        const uint64_t index = (number << 40) + (uint64_t)i;
        const double normal = (double)mye_random_normal(lesson->o.seed, MYE_STREAM_INIT, index);
        w[i] = lesson->o.init_mean + lesson->o.init_sd * normal;
    }
}

/* Sums (seen - 1) dw: the mean of all weights so far is w - sum/seen. */
static void count_average(double *sum, const double *w, int32_t units, double sign, int64_t seen)
{
    const double times = sign * (double)(seen - 1);
    for (int32_t i = 0; i < units; i++)
        sum[i] += times * w[i];
}

void mye_pupil_move(const mye_lesson *lesson, mye_desk *desk, double lambda, int64_t seen,
                    const mye_pupil *pupil)
{
    const int32_t units = desk->reader.units;
    if (pupil->sum)
        count_average(pupil->sum, pupil->w, units, -1, seen);
    move_of(lesson)->move(lesson->move.options, lambda, units, desk->reader.gradient, pupil->state,
                          pupil->w);
    if (pupil->sum)
        count_average(pupil->sum, pupil->w, units, 1, seen);
    memset(desk->reader.gradient, 0, (size_t)units * sizeof(double));
}

mye_verdict mye_pupil_learn(const mye_lesson *lesson, mye_desk *desk, const mye_course *course,
                            const mye_aim *aim, double lambda, int64_t seen, const mye_pupil *pupil)
{
    mye_reader_face(&desk->reader, course, pupil->w);
    const mye_verdict verdict =
        mye_lesson_rule(lesson)->learn(lesson->rule.options, &desk->reader, aim);
    if (verdict != MYE_RIGHT)
        mye_pupil_move(lesson, desk, lambda, seen, pupil);
    return verdict;
}

void mye_pupil_average(const mye_pupil *pupil, int32_t units, int64_t seen)
{
    for (int32_t i = 0; pupil->sum && seen > 0 && i < units; i++)
        pupil->w[i] -= pupil->sum[i] / (double)seen;
}

/* ---- desks ---- */

mye_status mye_desk_open(const mye_lesson *lesson, int32_t units, int64_t most_spikes,
                         mye_desk *out, mye_error *err)
{
    *out = (mye_desk){.ctx = lesson->ctx};
    MYE_TRY(mye_reader_open(lesson->ctx, &lesson->psp, lesson->o.theta, units, &out->reader, err));
    return mye_desk_reserve(out, most_spikes, err);
}

void mye_desk_close(mye_desk *desk)
{
    if (!desk->ctx)
        return;
    mye_reader_close(&desk->reader);
    mye_free(desk->ctx, desk->noisy.spike);
    mye_free(desk->ctx, desk->block);
    *desk = (mye_desk){0};
}

mye_status mye_desk_reserve(mye_desk *desk, int64_t spikes, mye_error *err)
{
    MYE_TRY(mye_reader_reserve(&desk->reader, spikes, err));
    if (spikes <= desk->room && desk->block)
        return MYE_OK;
    const size_t bytes = mye_course_bytes(spikes);
    void *fresh = mye_alloc(desk->ctx, bytes);
    if (!fresh)
        return mye_no_memory(err, bytes, "a spike pattern");
    mye_free(desk->ctx, desk->block);
    desk->block = fresh;
    desk->room = spikes;
    return MYE_OK;
}

mye_status mye_desk_course(const mye_lesson *lesson, mye_desk *desk, const mye_pattern *pattern,
                           uint64_t seed, mye_course *out, mye_error *err)
{
    mye_pattern p = *pattern;
    if (lesson->noise.n > 0) {
        MYE_TRY(
            mye_noises_apply(&lesson->noise, pattern, desk->reader.units, seed, &desk->noisy, err));
        mye_spikes_sort(desk->noisy.spike, desk->noisy.n);
        p.spike = desk->noisy.spike;
        p.n = desk->noisy.n;
    }
    MYE_TRY(mye_desk_reserve(desk, p.n, err));
    *out = mye_course_make(&lesson->psp, &p, desk->block);
    return MYE_OK;
}
