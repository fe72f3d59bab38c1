/* What neurons make of patterns, without learning. */
#include <math.h>
#include <string.h>

#include "synapse/group.h"

#define SHARD 16 /* patterns */

typedef struct job {
    const mye_synapse *s;
    const mye_patterns *set;
    mye_desks desks;
    const mye_responses *out;
} job;

static void respond_shard(void *arg, int shard, int lane)
{
    const job *j = arg;
    const mye_synapse *s = j->s;
    mye_desk *desk = &j->desks.desk[lane];
    const int64_t n = j->set->info.n;
    for (int64_t k = (int64_t)shard * SHARD; k < n && k < ((int64_t)shard + 1) * SHARD; k++) {
        const mye_pattern p = mye_patterns_at(j->set, k);
        const mye_course course = mye_course_make(&s->lesson.psp, &p, desk->block);
        if (mye_context_cancelled(s->ctx))
            return;
        for (int m = 0; m < s->neurons; m++) {
            const int64_t at = k * s->neurons + m;
            mye_reader_face(&desk->reader, &course, s->w + (size_t)m * (size_t)s->units);
            if (j->out->v_max)
                mye_reader_maximum(&desk->reader, &j->out->v_max[at]);
            if (j->out->count) {
                mye_reader_walk(&desk->reader, false);
                j->out->count[at] = desk->reader.walk.n;
            }
        }
    }
}

mye_status mye_synapse_respond(const mye_synapse *s, const mye_patterns *patterns,
                               const mye_responses *out, mye_error *err)
{
    job j = {.s = s, .set = patterns, .out = out};
    MYE_TRY(mye_group_check(s, patterns, err));
    const mye_status st = mye_desks_open(s, mye_patterns_longest(patterns), &j.desks, err);
    if (st == MYE_OK)
        mye_parallel(s->ctx, (int)((patterns->info.n + SHARD - 1) / SHARD), respond_shard, &j);
    mye_desks_close(&j.desks);
    if (st == MYE_OK && mye_context_cancelled(s->ctx))
        return mye_fail(err, MYE_ERR_CANCELLED, "reading of patterns was stopped");
    return st;
}

/* ---- one neuron, one pattern ---- */

typedef struct look {
    mye_patterns *set; /* a checked, sorted copy */
    mye_desk desk;
    mye_course course;
} look;

static void look_close(look *l)
{
    mye_desk_close(&l->desk);
    mye_patterns_free(l->set);
}

static mye_status look_open(const mye_synapse *s, const mye_pattern *pattern, int neuron, look *out,
                            mye_error *err)
{
    mye_pattern p = *pattern;
    *out = (look){0};
    if (neuron < 0 || neuron >= s->neurons)
        return mye_fail(err, MYE_ERR_ARG, "the group has neurons 0 to %d, got %d", s->neurons - 1,
                        neuron);
    p.label = 0;
    MYE_TRY(mye_patterns_create(s->ctx, s->units, 1, &out->set, err));
    MYE_TRY(mye_patterns_add(out->set, &p, err));
    MYE_TRY(mye_desk_open(&s->lesson, s->units, p.n, &out->desk, err));
    p = mye_patterns_at(out->set, 0);
    out->course = mye_course_make(&s->lesson.psp, &p, out->desk.block);
    mye_reader_face(&out->desk.reader, &out->course, s->w + (size_t)neuron * (size_t)s->units);
    return MYE_OK;
}

mye_status mye_synapse_spikes(const mye_synapse *s, const mye_pattern *pattern, int neuron,
                              double *t_ms, int room, int *n, mye_error *err)
{
    look l;
    const mye_status st = look_open(s, pattern, neuron, &l, err);
    *n = 0;
    if (st == MYE_OK) {
        mye_reader_walk(&l.desk.reader, false);
        *n = l.desk.reader.walk.n;
        for (int i = 0; i < *n && i < room; i++)
            t_ms[i] = l.desk.reader.walk.spike[i].t_ms;
    }
    look_close(&l);
    return st;
}

mye_status mye_synapse_potential(const mye_synapse *s, const mye_pattern *pattern, int neuron,
                                 const double *t_ms, int n, double *v, mye_error *err)
{
    look l;
    const mye_psp *psp = &s->lesson.psp;
    const mye_status st = look_open(s, pattern, neuron, &l, err);
    if (st == MYE_OK)
        mye_reader_walk(&l.desk.reader, false);
    for (int x = 0; st == MYE_OK && x < n; x++) {
        const mye_course *c = &l.course;
        const mye_walk *walk = &l.desk.reader.walk;
        v[x] = 0;
        for (int64_t k = 0; k < c->n && mye_course_time(c, k) <= t_ms[x]; k++)
            v[x] += l.desk.reader.drive[k] / psp->gain *
                    mye_psp_at(psp, t_ms[x] - mye_course_time(c, k));
        for (int i = 0; i < walk->n && walk->spike[i].t_ms < t_ms[x]; i++)
            v[x] -= s->lesson.o.theta * exp(-(t_ms[x] - walk->spike[i].t_ms) / psp->tau_m);
    }
    look_close(&l);
    return st;
}

mye_status mye_synapse_critical(const mye_synapse *s, const mye_pattern *pattern, int neuron, int k,
                                double *theta, double *gradient, mye_error *err)
{
    look l;
    double t_ms;
    int touch;
    mye_status st = look_open(s, pattern, neuron, &l, err);
    mye_reader *r = &l.desk.reader;
    if (st == MYE_OK && !mye_reader_critical(r, k, 1e-12, theta, &touch, &t_ms))
        st = mye_fail(err, MYE_ERR_NUMERIC,
                      "there is no threshold at which the neuron fires %d times", k);
    if (st == MYE_OK && gradient) {
        mye_reader_chain(r, &r->walk, touch, t_ms, *theta, (mye_chain_mode){true, true, true}, 1);
        memcpy(gradient, r->gradient, (size_t)s->units * sizeof(double));
    }
    look_close(&l);
    return st;
}
