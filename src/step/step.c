/* Stepper: the state of a step rule for one model, clipping, and the parallel sweep over weights. */
#include "step/step.h"

#include <math.h>
#include <stdlib.h>

#include "step/step_list.inc"

#define X(name) extern const mye_step_rule mye_step_##name;
MYE_STEP_LIST(X)
#undef X

static const mye_entry *const step_entries[] = {
#define X(name) &mye_step_##name.entry,
    MYE_STEP_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_step = {
    .name = "step", .question = "How far do weights move?", .entries = step_entries};

/* Floats per shard: depends on nothing, so sums are the same for any number of threads. */
#define SHARD_FLOATS (1 << 16)

typedef struct step_shard {
    const mye_weight *weight;
    int64_t begin, end;
    float *state[MYE_STEP_MAX_STATE]; /* of the whole weight */
    double squares;                   /* of this shard's gradients */
} step_shard;

struct mye_stepper {
    mye_context *ctx;
    mye_model *model;
    mye_method rule, schedule;
    const mye_step_rule *type;
    int n_state;
    float *state; /* [n_state][n_params] */
    step_shard *shard;
    int n_shards;
    int64_t step, place, total_steps, per_epoch;
    mye_step_info at; /* of the step that runs */
};

static const mye_step_rule *rule_of(const mye_method *m)
{
    return (const mye_step_rule *)(const void *)m->entry;
}

static const mye_schedule *schedule_of(const mye_method *m)
{
    return (const mye_schedule *)(const void *)m->entry;
}

static int64_t weight_shards(const mye_weight *w)
{
    return ((int64_t)w->count + SHARD_FLOATS - 1) / SHARD_FLOATS;
}

static mye_status make_shards(mye_stepper *s, mye_error *err)
{
    const mye_model *m = s->model;
    int64_t n = 0;
    for (int i = 0; i < m->n_trainable; i++)
        n += weight_shards(m->weight[i]);
    s->shard = mye_alloc_array(s->ctx, (size_t)n, sizeof *s->shard);
    if (!s->shard)
        return mye_no_memory(err, (size_t)n * sizeof *s->shard, "the step rule's shards");
    for (int i = 0; i < m->n_trainable; i++) {
        const mye_weight *w = m->weight[i];
        const int64_t count = (int64_t)w->count;
        for (int64_t begin = 0; begin < count; begin += SHARD_FLOATS) {
            step_shard *shard = &s->shard[s->n_shards++];
            shard->weight = w;
            shard->begin = begin;
            shard->end = count - begin < SHARD_FLOATS ? count : begin + SHARD_FLOATS;
            for (int k = 0; k < s->n_state; k++)
                shard->state[k] = s->state + (size_t)k * m->n_params + (w->data - m->param);
        }
    }
    return MYE_OK;
}

static mye_status parse_methods(mye_stepper *s, const char *rule, const char *schedule,
                                mye_error *err)
{
    MYE_TRY(mye_method_parse(s->ctx, &mye_kind_step, rule, &s->rule, err));
    MYE_TRY(mye_method_parse(s->ctx, &mye_kind_schedule, schedule, &s->schedule, err));
    s->type = rule_of(&s->rule);
    s->n_state = s->type->n_state(s->rule.options);
    const mye_schedule *sched = schedule_of(&s->schedule);
    return sched->check ? sched->check(s->schedule.options, err) : MYE_OK;
}

mye_status mye_stepper_create(mye_context *ctx, mye_model *model, const char *rule,
                              const char *schedule, int64_t total_steps, int64_t per_epoch,
                              mye_stepper **out, mye_error *err)
{
    *out = NULL;
    mye_stepper *s = mye_alloc(ctx, sizeof *s);
    if (!s)
        return mye_no_memory(err, sizeof *s, "the step rule");
    s->ctx = ctx;
    s->model = model;
    s->total_steps = total_steps;
    s->per_epoch = per_epoch;
    mye_status status = parse_methods(s, rule, schedule, err);
    if (status != MYE_OK)
        goto done;
    const size_t floats = (size_t)s->n_state * model->n_params;
    if (floats > 0) {
        s->state = mye_alloc_array(ctx, floats, sizeof(float));
        if (!s->state) {
            status = mye_no_memory(err, floats * sizeof(float), "the step rule's state");
            goto done;
        }
    }
    status = make_shards(s, err);
done:
    if (status != MYE_OK) {
        mye_stepper_free(s);
        return status;
    }
    *out = s;
    return MYE_OK;
}

void mye_stepper_free(mye_stepper *s)
{
    if (!s)
        return;
    mye_context *ctx = s->ctx;
    mye_method_free(ctx, &s->rule);
    mye_method_free(ctx, &s->schedule);
    mye_free(ctx, s->state);
    mye_free(ctx, s->shard);
    mye_free(ctx, s);
}

mye_status mye_stepper_plan(mye_context *ctx, const mye_model *model, const char *rule,
                            size_t *bytes, mye_error *err)
{
    mye_method method = {0};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_step, rule, &method, err));
    *bytes = (size_t)rule_of(&method)->n_state(method.options) * model->n_params * sizeof(float);
    mye_method_free(ctx, &method);
    return MYE_OK;
}

/* Eight running sums: a fixed order that the compiler can keep in one vector register. */
static double sum_squares(int64_t n, const float *g)
{
    double sum[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += (double)g[i + j] * (double)g[i + j];
    for (; i < n; i++)
        sum[0] += (double)g[i] * (double)g[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

static void norm_task(void *arg, int shard, int lane)
{
    MYE_UNUSED(lane);
    mye_stepper *s = arg;
    step_shard *sh = &s->shard[shard];
    sh->squares = sum_squares(sh->end - sh->begin, sh->weight->grad + sh->begin);
}

static void move_task(void *arg, int shard, int lane)
{
    MYE_UNUSED(lane);
    const mye_stepper *s = arg;
    const step_shard *sh = &s->shard[shard];
    s->type->apply(s->rule.options, &s->at, sh->weight, sh->state, sh->begin, sh->end);
}

double mye_stepper_apply(mye_stepper *s, double clip)
{
    mye_parallel(s->ctx, s->n_shards, norm_task, s);
    double squares = 0;
    for (int i = 0; i < s->n_shards; i++)
        squares += s->shard[i].squares;
    const double norm = sqrt(squares);
    if (!isfinite(norm))
        return norm;
    s->at.step = s->step;
    s->at.learning_rate = mye_stepper_rate(s);
    /* The small constant is that of the usual frameworks, so that recipes transfer. */
    s->at.grad_scale = clip > 0 && norm > clip ? (float)(clip / (norm + 1e-6)) : 1.0f;
    mye_parallel(s->ctx, s->n_shards, move_task, s);
    s->step++;
    s->place++;
    return norm;
}

double mye_stepper_rate(const mye_stepper *s)
{
    return s->type->learning_rate(s->rule.options) *
           schedule_of(&s->schedule)
               ->factor(s->schedule.options, s->place, s->total_steps, s->per_epoch);
}

int64_t mye_stepper_counter(const mye_stepper *s)
{
    return s->step;
}

void mye_stepper_set_counter(mye_stepper *s, int64_t step)
{
    s->step = s->place = step;
}

void mye_stepper_place(mye_stepper *s, int64_t place)
{
    s->place = place;
}

int mye_stepper_blocks(const mye_stepper *s, float **block, const char **name, int max)
{
    const int n = s->n_state < max ? s->n_state : max;
    for (int i = 0; i < n; i++) {
        block[i] = s->state + (size_t)i * s->model->n_params;
        name[i] = s->type->state_name[i];
    }
    return n;
}
