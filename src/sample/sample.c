/* Sampler: a sample policy at work, and the list of policies. */
#include "sample/sample.h"

#include <math.h>
#include <string.h>

#include "sample/sample_list.inc"

#define X(name) extern const mye_sample_rule mye_sample_##name;
MYE_SAMPLE_LIST(X)
#undef X

static const mye_entry *const sample_entries[] = {
#define X(name) &mye_sample_##name.entry,
    MYE_SAMPLE_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_sample = {
    .name = "sample", .question = "Which examples are used?", .entries = sample_entries};

struct mye_sampler {
    mye_context *ctx;
    mye_method method;
    const mye_sample_rule *rule;
    mye_sample_facts facts;
    int64_t room;
    int64_t *order;       /* [room] */
    float *weight;        /* [room] */
    unsigned char *state; /* when the epoch was decided, now, spare */
    size_t state_bytes;   /* of one of them                         */
    int64_t begun;        /* epoch that spare is the state before; -1: none */
    void *scratch;        /* NULL: not at work */
    void *work;
    mye_sample_epoch epoch;
};

static const mye_sample_rule *rule_of(const mye_method *m)
{
    return (const mye_sample_rule *)(const void *)m->entry;
}

static size_t state_bytes(const mye_sample_rule *rule, const void *options,
                          const mye_sample_facts *f)
{
    const size_t bytes = rule->state_bytes != NULL ? rule->state_bytes(options, f) : 0;
    return (bytes + 15) / 16 * 16;
}

static int64_t room_of(const mye_sample_rule *rule, const void *options, const mye_sample_facts *f)
{
    return rule->room != NULL ? rule->room(options, f) : f->n;
}

static int pool_of(const mye_sample_rule *rule, const void *options, const mye_sample_facts *f)
{
    return rule->pool != NULL ? rule->pool(options, f) : 0;
}

static size_t work_bytes(const mye_sample_rule *rule, const void *options,
                         const mye_sample_facts *f)
{
    return rule->work_bytes != NULL ? rule->work_bytes(options, f) : 0;
}

static bool wants_labels(const mye_sample_rule *rule, const void *options)
{
    return rule->wants_labels != NULL && rule->wants_labels(options);
}

static size_t bytes_of(const mye_sample_rule *rule, const void *options, const mye_sample_facts *f)
{
    const size_t scratch = rule->scratch_bytes != NULL ? rule->scratch_bytes(options, f) : 0;
    return (size_t)room_of(rule, options, f) * (sizeof(int64_t) + sizeof(float)) +
           3 * state_bytes(rule, options, f) + work_bytes(rule, options, f) + scratch +
           (wants_labels(rule, options) ? (size_t)f->n * sizeof(int32_t) : 0);
}

static void *state_now(const mye_sampler *s)
{
    return s->state + s->state_bytes;
}

mye_status mye_sample_ask(mye_context *ctx, const char *policy, const mye_sample_facts *facts,
                          mye_sample_wants *out, mye_error *err)
{
    mye_method m = {0};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_sample, policy, &m, err));
    const mye_sample_rule *rule = rule_of(&m);
    *out = (mye_sample_wants){
        .epochs = rule->epochs != NULL ? rule->epochs(m.options, facts->epochs) : facts->epochs,
        .tells = rule->tells != NULL ? rule->tells(m.options, facts) : 0,
        .survey_tells = rule->survey_tells != NULL ? rule->survey_tells(m.options, facts) : 0,
        .surveys = rule->survey != NULL || pool_of(rule, m.options, facts) > 0,
        .pool = pool_of(rule, m.options, facts),
        .room = room_of(rule, m.options, facts),
        .labels = wants_labels(rule, m.options),
        .weighs = rule->weighs != NULL && rule->weighs(m.options),
        .bytes = bytes_of(rule, m.options, facts)};
    mye_method_free(ctx, &m);
    return MYE_OK;
}

static mye_status check(const mye_sampler *s, mye_error *err)
{
    const int pool = pool_of(s->rule, s->method.options, &s->facts);
    if (s->rule->check != NULL)
        MYE_TRY(s->rule->check(s->method.options, &s->facts, err));
    if (pool > s->facts.n)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample '%s' picks its batches of %d out of pools of %d samples, and the "
                        "data set has %lld",
                        s->rule->entry.name, s->facts.batch, pool, (long long)s->facts.n);
    return MYE_OK;
}

static mye_status parse(mye_sampler *s, const char *policy, mye_error *err)
{
    MYE_TRY(mye_method_parse(s->ctx, &mye_kind_sample, policy, &s->method, err));
    s->rule = rule_of(&s->method);
    return check(s, err);
}

static mye_status take_memory(mye_sampler *s, mye_error *err)
{
    const void *options = s->method.options;
    s->state_bytes = state_bytes(s->rule, options, &s->facts);
    s->room = room_of(s->rule, options, &s->facts);
    s->order = mye_alloc_array(s->ctx, (size_t)s->room, sizeof *s->order);
    s->weight = mye_alloc_array(s->ctx, (size_t)s->room, sizeof *s->weight);
    s->state = mye_alloc_array(s->ctx, 3, s->state_bytes);
    s->work = mye_alloc(s->ctx, work_bytes(s->rule, options, &s->facts));
    if (!s->order || !s->weight || !s->state || !s->work)
        return mye_no_memory(err, bytes_of(s->rule, options, &s->facts), "the order of samples");
    return MYE_OK;
}

mye_status mye_sampler_create(mye_context *ctx, const char *policy, const mye_sample_facts *facts,
                              mye_sampler **out, mye_error *err)
{
    *out = NULL;
    mye_sampler *s = mye_alloc(ctx, sizeof *s);
    if (!s)
        return mye_no_memory(err, sizeof *s, "the sample policy");
    s->ctx = ctx;
    s->facts = *facts;
    s->begun = -1;
    mye_status status = parse(s, policy, err);
    if (status == MYE_OK)
        status = take_memory(s, err);
    if (status == MYE_OK && s->rule->open != NULL)
        status = s->rule->open(ctx, s->method.options, &s->facts, state_now(s), err);
    if (status != MYE_OK) {
        mye_sampler_free(s);
        return status;
    }
    *out = s;
    return MYE_OK;
}

void mye_sampler_free(mye_sampler *s)
{
    if (!s)
        return;
    mye_context *ctx = s->ctx;
    mye_method_free(ctx, &s->method);
    mye_free(ctx, s->order);
    mye_free(ctx, s->weight);
    mye_free(ctx, s->state);
    mye_free(ctx, s->scratch);
    mye_free(ctx, s->work);
    mye_free(ctx, s);
}

/* ---- what the policy is ---- */

unsigned mye_sampler_tells(const mye_sampler *s, bool survey)
{
    unsigned (*tells)(const void *, const mye_sample_facts *) =
        survey ? s->rule->survey_tells : s->rule->tells;
    return tells != NULL ? tells(s->method.options, &s->facts) : 0;
}

bool mye_sampler_weighs(const mye_sampler *s)
{
    return s->rule->weighs != NULL && s->rule->weighs(s->method.options);
}

int64_t mye_sampler_statistics(const mye_sampler *s)
{
    return s->rule->statistics != NULL ? s->rule->statistics(s->method.options, &s->facts) : 0;
}

int mye_sampler_pool(const mye_sampler *s)
{
    return pool_of(s->rule, s->method.options, &s->facts);
}

bool mye_sampler_surveys(const mye_sampler *s)
{
    return s->rule->survey != NULL || mye_sampler_pool(s) > 0;
}

/* ---- epochs ---- */

static void *state_spare(const mye_sampler *s)
{
    return s->state + 2 * s->state_bytes;
}

static void begin_epoch(mye_sampler *s, int64_t epoch)
{
    const bool again = s->begun == epoch;
    s->begun = epoch;
    if (s->state_bytes > 0)
        memcpy(again ? state_now(s) : state_spare(s), again ? state_spare(s) : state_now(s),
               s->state_bytes);
    mye_free(s->ctx, s->scratch);
    s->scratch = NULL;
}

int64_t mye_sampler_survey(mye_sampler *s, int64_t epoch, int pass, const int64_t **order)
{
    const void *options = s->method.options;
    *order = s->order;
    if (pass == 0)
        begin_epoch(s, epoch);
    if (s->rule->survey == NULL)
        return 0;
    const int64_t n =
        s->rule->survey(options, &s->facts, state_now(s), s->scratch, epoch, pass, s->order);
    const size_t bytes =
        s->rule->scratch_bytes != NULL ? s->rule->scratch_bytes(options, &s->facts) : 0;
    if (n > 0 && s->scratch == NULL && bytes > 0) {
        s->scratch = mye_alloc_big_zero(s->ctx, bytes);
        if (s->scratch == NULL)
            return -1;
    }
    if (n == 0) {
        mye_free(s->ctx, s->scratch);
        s->scratch = NULL;
    }
    return n;
}

static const mye_sample_epoch *decide(mye_sampler *s, void *state, int64_t epoch)
{
    for (int64_t i = 0; i < s->room; i++)
        s->weight[i] = 1.0f;
    s->epoch = (mye_sample_epoch){.order = s->order,
                                  .weight = s->weight,
                                  .work = s->work,
                                  .lr_scale = 1,
                                  .keep = NAN,
                                  .capped = NAN,
                                  .spread = NAN,
                                  .mean_age = NAN};
    s->rule->epoch(s->method.options, &s->facts, state, epoch, &s->epoch);
    for (int64_t i = 0; i < s->epoch.n; i++)
        if ((double)s->weight[i] > s->epoch.max_weight)
            s->epoch.max_weight = (double)s->weight[i];
    return &s->epoch;
}

const mye_sample_epoch *mye_sampler_epoch(mye_sampler *s, int64_t epoch)
{
    if (s->state_bytes > 0)
        memcpy(s->state, state_now(s), s->state_bytes);
    return decide(s, state_now(s), epoch);
}

const mye_sample_epoch *mye_sampler_restore(mye_sampler *s, int64_t epoch)
{
    /* The policy may change the state it is given, so it works on the spare copy. */
    s->begun = -1;
    if (s->state_bytes > 0)
        memcpy(state_spare(s), s->state, s->state_bytes);
    return decide(s, state_spare(s), epoch);
}

void mye_sampler_observe(mye_sampler *s, int64_t epoch, const mye_sample_view *v)
{
    if (s->rule->observe != NULL)
        s->rule->observe(s->method.options, &s->facts, state_now(s), s->scratch, epoch, v);
}

bool mye_sampler_looks(const mye_sampler *s)
{
    return s->rule->looks == NULL || s->rule->looks(s->method.options, &s->facts, state_now(s));
}

void mye_sampler_pick(mye_sampler *s, uint64_t seed, const mye_sample_view *v, mye_sample_pick *out)
{
    for (int i = 0; i < s->facts.batch; i++)
        out->weight[i] = 1.0f;
    out->work = s->work;
    s->rule->pick(s->method.options, &s->facts, state_now(s), seed, v, out);
}

const float *mye_sampler_scores(const mye_sampler *s)
{
    return s->rule->scores != NULL ? s->rule->scores(s->method.options, &s->facts, state_now(s))
                                   : NULL;
}

void *mye_sampler_state(mye_sampler *s, size_t *bytes)
{
    *bytes = 2 * s->state_bytes;
    return s->state_bytes > 0 ? s->state : NULL;
}
