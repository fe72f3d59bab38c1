/*
 * Precise-spike-driven plasticity: spikes at wanted times.
 *   dw_i = eta ( sum over wanted times x_i(t_d) - sum over spikes x_i(t_o) )
 * The trace is the neuron's own psp with coefficients in it. Right when there are as many spikes as
 * wanted and each is near its time.
 */
#include <math.h>

#include "synapse/rule.h"

typedef struct options {
    double near;
} options;

static const mye_param params[] = {
    {"near", MYE_PARAM_FLOAT, offsetof(options, near), 0, "1", 0, 1e6, NULL, NULL, "ms",
     "a spike this near to its time is right"},
    {0},
};

static bool is_right(const mye_walk *walk, const mye_aim *aim, double near)
{
    bool right = walk->n == aim->count;
    for (int i = 0; right && i < aim->count; i++)
        right = fabs(walk->spike[i].t_ms - aim->t_ms[i]) < near;
    return right;
}

/* All of one sign at the times. */
static void add(mye_reader *r, int n, double sign)
{
    for (int i = 0; i < n; i++)
        r->read_mu[i] = sign;
    mye_reader_trace(r, n, r->read_ms, r->read_mu, r->gradient);
}

static mye_verdict learn(const void *opt, mye_reader *r, const mye_aim *aim)
{
    const options *o = opt;
    mye_reader_walk(r, false);
    if (is_right(&r->walk, aim, o->near))
        return MYE_RIGHT;
    for (int i = 0; i < r->walk.n; i++)
        r->read_ms[i] = r->walk.spike[i].t_ms;
    add(r, r->walk.n, -1);
    const int wanted = aim->count < MYE_WALK_SPIKES ? aim->count : MYE_WALK_SPIKES;
    for (int i = 0; i < wanted; i++)
        r->read_ms[i] = aim->t_ms[i];
    add(r, wanted, 1);
    return MYE_WRONG;
}

const mye_rule_type mye_rule_psd = {
    .entry = {"psd", "precise times: up at wanted times, down at spikes",
              "Yu, Tang, Tan and Li 2013, Precise-spike-driven synaptic plasticity", params,
              sizeof(options)},
    .wants_times = true,
    .learn = learn,
};
