/*
 * The nearest peak: no search for a threshold. A spike too few: the highest maximum of V below the
 * threshold goes up, by its exact gradient behind all spikes before it. A spike too many: the critical
 * threshold of the last goes down with spikes held (depress=critical), or the spike whose maximum is
 * the lowest does (depress=nearest), without a search either. With psp exp and depress=nearest this is
 * the current-state rule EMLC.
 */
#include "synapse/rule.h"

enum { DEPRESS_CRITICAL, DEPRESS_NEAREST };

typedef struct options {
    int depress;
    double tolerance;
} options;

static const mye_param params[] = {
    {"depress", MYE_PARAM_CHOICE, offsetof(options, depress), 0, "critical", 0, 0,
     "critical|nearest", NULL, "",
     "which spike goes: that of the critical threshold, or the one whose maximum is the lowest"},
    MYE_RULE_TOLERANCE(options),
    {0},
};

static int lowest(const mye_walk *walk)
{
    int low = 0;
    for (int i = 1; i < walk->n; i++)
        low = walk->spike[i].top < walk->spike[low].top ? i : low;
    return low;
}

static mye_verdict learn(const void *opt, mye_reader *r, const mye_aim *aim)
{
    static const mye_chain_mode exact = {true, true, false}, held = {false, false, true};
    const options *o = opt;
    double theta, t_ms;
    int touch;
    mye_reader_walk(r, true);
    const mye_walk *walk = &r->walk;
    if (walk->n == aim->count)
        return MYE_RIGHT;
    if (walk->n < aim->count) {
        int before = 0;
        while (before < walk->n && walk->spike[before].t_ms <= walk->peak_ms)
            before++;
        if (walk->peak_ms < 0)
            mye_rule_wake(r);
        else
            mye_reader_chain(r, walk, before, walk->peak_ms, r->theta, exact, 1);
    } else if (o->depress == DEPRESS_NEAREST) {
        const int low = lowest(walk);
        mye_reader_chain(r, walk, low, walk->spike[low].top_ms, r->theta, held, -1);
    } else if (mye_reader_critical(r, walk->n, o->tolerance, &theta, &touch, &t_ms)) {
        mye_reader_chain(r, &r->walk, touch, t_ms, theta, held, -1);
    }
    return MYE_WRONG;
}

const mye_rule_type mye_rule_peak = {
    .entry = {"peak", "number of spikes: raise the highest maximum below the threshold",
              "after Li and Yu 2020 (current-state rule); exact gradient: Myelin", params,
              sizeof(options)},
    .learn = learn,
};
