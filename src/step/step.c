/* Stepper: the state of a step rule for one model, clipping, and the parallel sweep over weights. */
#include "step/step.h"

#include <math.h>
#include <string.h>

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

/* Floats per shard: depends on nothing, so sums are the same for any number of threads; the
 * gradient of a shard is read for the norm, read for the move and cleared in a second-level cache. */
#define SHARD_FLOATS (1 << 15)

typedef struct step_shard {
    int first, n;   /* parts of stepper->part */
    double squares; /* of this shard's gradients */
} step_shard;

struct mye_stepper {
    mye_context *ctx;
    mye_model *model;
    mye_method rule, schedule;
    const mye_step_rule *type;
    int n_state;
    float *state;        /* [n_state][n_params] */
    mye_step_part *part; /* [n_parts] in the order of memory, none across two shards */
    step_shard *shard;   /* [n_shards] one for SHARD_FLOATS of a module's weights    */
    int *first_shard;    /* [modules + 1] where the shards of a module begin         */
    int n_parts, n_shards;
    int64_t step, place, total_steps, per_epoch;
    double scale; /* of the learning rate */
};

static const mye_step_rule *rule_of(const mye_method *m)
{
    return (const mye_step_rule *)(const void *)m->entry;
}

static const mye_schedule *schedule_of(const mye_method *m)
{
    return (const mye_schedule *)(const void *)m->entry;
}

/* Weights that follow one another and are decayed alike are one part, up to a shard's end. Padding
 * between weights moves along: it is 0 and stays so. begin and end count from the module's first
 * weight. */
static void add_parts(mye_stepper *s, int module, int64_t begin, int64_t end, bool decay)
{
    const mye_model *m = s->model;
    const mye_module *of = &m->module[module];
    const int64_t param = (int64_t)of->param, shared = m->n_grads < m->n_params ? param : 0;
    while (begin < end) {
        step_shard *shard = &s->shard[s->first_shard[module] + begin / SHARD_FLOATS];
        const int64_t limit = (begin / SHARD_FLOATS + 1) * SHARD_FLOATS;
        const int64_t n = (end < limit ? end : limit) - begin;
        mye_step_part *last = shard->n > 0 ? &s->part[s->n_parts - 1] : NULL;
        if (last != NULL && last->decay == decay) {
            last->n += n;
        } else {
            if (shard->n++ == 0)
                shard->first = s->n_parts;
            mye_step_part *part = &s->part[s->n_parts++];
            *part = (mye_step_part){.n = n,
                                    .decay = decay,
                                    .weight = m->param + param + begin,
                                    .grad = m->grad + param - shared + begin};
            for (int k = 0; k < s->n_state; k++)
                part->state[k] = s->state + (size_t)k * m->n_params + param + begin;
        }
        begin += n;
    }
}

/* All weights of a module, in the order of memory. */
static void add_module(mye_stepper *s, int module)
{
    const mye_model *m = s->model;
    const mye_module *of = &m->module[module];
    const float *first = m->param + of->param;
    for (int i = 0; i < m->n_trainable; i++) {
        const int64_t begin = m->weight[i]->data - first;
        if (begin < 0 || begin >= (int64_t)of->n_params)
            continue;
        const bool is_last =
            i + 1 == m->n_trainable || m->weight[i + 1]->data - first >= (int64_t)of->n_params;
        const int64_t end = is_last ? (int64_t)of->n_params : m->weight[i + 1]->data - first;
        add_parts(s, module, begin, end, m->weight[i]->decay);
    }
}

static mye_status make_shards(mye_stepper *s, mye_error *err)
{
    const mye_model *m = s->model;
    s->first_shard = mye_alloc_array(s->ctx, (size_t)m->n_modules + 1, sizeof *s->first_shard);
    if (!s->first_shard)
        return mye_no_memory(err, (size_t)m->n_modules * sizeof(int), "the step rule's shards");
    for (int k = 0; k < m->n_modules; k++) {
        s->first_shard[k] = s->n_shards;
        s->n_shards += (int)((m->module[k].n_params + SHARD_FLOATS - 1) / SHARD_FLOATS);
    }
    s->first_shard[m->n_modules] = s->n_shards;
    const size_t n_shards = (size_t)s->n_shards, most = n_shards + (size_t)m->n_trainable;
    s->shard = mye_alloc_array(s->ctx, n_shards, sizeof *s->shard);
    s->part = mye_alloc_array(s->ctx, most, sizeof *s->part);
    if (!s->shard || !s->part)
        return mye_no_memory(err, most * sizeof *s->part, "the step rule's shards");
    for (int k = 0; k < m->n_modules; k++)
        add_module(s, k);
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
    s->scale = 1;
    s->total_steps = total_steps;
    s->per_epoch = per_epoch;
    mye_status status = parse_methods(s, rule, schedule, err);
    if (status != MYE_OK)
        goto done;
    const size_t floats = (size_t)s->n_state * model->n_params;
    if (floats > 0) {
        s->state = mye_alloc_big_zero(ctx, floats * sizeof(float));
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
    mye_free(ctx, s->part);
    mye_free(ctx, s->shard);
    mye_free(ctx, s->first_shard);
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

/* Some of the shards, at a step. */
typedef struct shards {
    const mye_stepper *s;
    int first, n;
    mye_step_info at;
} shards;

static void norm_of_shard(const shards *w, step_shard *shard)
{
    shard->squares = 0;
    for (int i = shard->first; i < shard->first + shard->n; i++)
        shard->squares += w->at.k->sum_squares(w->s->part[i].n, w->s->part[i].grad);
}

static void move_shard(const shards *w, const step_shard *shard)
{
    const mye_stepper *s = w->s;
    for (int i = shard->first; i < shard->first + shard->n; i++) {
        const mye_step_part *part = &s->part[i];
        s->type->apply(s->rule.options, &w->at, part);
        memset(s->model->grad + (part->grad - s->model->grad), 0, (size_t)part->n * sizeof(float));
    }
}

static void norm_task(void *arg, int shard, int lane)
{
    const shards *w = arg;
    MYE_UNUSED(lane);
    norm_of_shard(w, &w->s->shard[w->first + shard]);
}

static void move_task(void *arg, int shard, int lane)
{
    const shards *w = arg;
    MYE_UNUSED(lane);
    move_shard(w, &w->s->shard[w->first + shard]);
}

static void norm_and_move_task(void *arg, int shard, int lane)
{
    const shards *w = arg;
    step_shard *own = &w->s->shard[w->first + shard];
    MYE_UNUSED(lane);
    norm_of_shard(w, own);
    if (isfinite(own->squares))
        move_shard(w, own);
}

static double norm_of(const shards *w)
{
    double squares = 0;
    for (int i = w->first; i < w->first + w->n; i++)
        squares += w->s->shard[i].squares;
    return sqrt(squares);
}

static double rate_at(const mye_stepper *s, int64_t place)
{
    return s->type->learning_rate(s->rule.options) *
           schedule_of(&s->schedule)
               ->factor(s->schedule.options, place, s->total_steps, s->per_epoch);
}

static double apply(mye_context *ctx, shards w, mye_stepper_time when, double clip)
{
    w.at = (mye_step_info){.k = mye_context_table(ctx),
                           .step = when.step,
                           .learning_rate = when.scale * rate_at(w.s, when.place),
                           .grad_scale = 1.0f};
    mye_parallel(ctx, w.n, clip > 0 ? norm_task : norm_and_move_task, &w);
    const double norm = norm_of(&w);
    if (!isfinite(norm))
        return norm;
    /* The small constant is that of the usual frameworks, so that recipes transfer. */
    if (clip > 0 && norm > clip)
        w.at.grad_scale = (float)(clip / (norm + 1e-6));
    if (clip > 0)
        mye_parallel(ctx, w.n, move_task, &w);
    return norm;
}

double mye_stepper_move(const mye_stepper *s, mye_context *ctx, int module, mye_stepper_time when,
                        double clip)
{
    const int first = s->first_shard[module], end = s->first_shard[module + 1];
    return apply(ctx, (shards){.s = s, .first = first, .n = end - first}, when, clip);
}

double mye_stepper_apply(mye_stepper *s, double clip)
{
    const shards all = {.s = s, .first = 0, .n = s->n_shards};
    const double norm = apply(s->ctx, all, mye_stepper_now(s), clip);
    if (!isfinite(norm))
        return norm;
    *s->model->grad_is_clear = true;
    mye_stepper_advance(s);
    return norm;
}

double mye_stepper_apply_module(mye_stepper *s, int module, double clip)
{
    const double norm = mye_stepper_move(s, s->ctx, module, mye_stepper_now(s), clip);
    *s->model->grad_is_clear = isfinite(norm);
    return norm;
}

mye_stepper_time mye_stepper_now(const mye_stepper *s)
{
    return (mye_stepper_time){s->step, s->place, s->scale};
}

void mye_stepper_advance(mye_stepper *s)
{
    s->step++;
    s->place++;
}

double mye_stepper_rate(const mye_stepper *s)
{
    return s->scale * rate_at(s, s->place);
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

void mye_stepper_scale(mye_stepper *s, double scale)
{
    s->scale = scale;
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
