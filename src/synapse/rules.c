/* Learning rules: their list, and what those on critical thresholds share. */
#include "synapse/rule.h"

#include "synapse/rule_list.inc"

#define DECLARE(name) extern const mye_rule_type mye_rule_##name;
MYE_RULE_LIST(DECLARE)
#define ENTRY(name) &mye_rule_##name.entry,
static const mye_entry *const entries[] = {MYE_RULE_LIST(ENTRY) NULL};
const mye_kind mye_kind_rule = {"rule", "What does a neuron learn from a mistake?", entries};

void mye_rule_wake(mye_reader *r)
{
    const mye_course *c = r->course;
    for (int64_t i = 0; i < c->n_spikes; i++)
        r->gradient[c->spike[i].unit] += (double)c->spike[i].c;
}

const mye_param mye_threshold_params[] = {
    MYE_RULE_TOLERANCE(mye_threshold_options),
    {0},
};

mye_verdict mye_rule_threshold(const void *options, mye_reader *r, const mye_aim *aim,
                               mye_chain_mode mode)
{
    const mye_threshold_options *o = options;
    double theta, t_ms;
    int touch;
    mye_reader_walk(r, false);
    const int fired = r->walk.n;
    if (fired == aim->count)
        return MYE_RIGHT;
    const bool more = fired < aim->count;
    if (mye_reader_critical(r, more ? fired + 1 : fired, o->tolerance, &theta, &touch, &t_ms))
        mye_reader_chain(r, &r->walk, touch, t_ms, theta, mode, more ? 1 : -1);
    else if (more)
        mye_rule_wake(r);
    return MYE_WRONG;
}
