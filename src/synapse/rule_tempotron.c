/*
 * Tempotron: fire or stay silent. What counts is the maximum of V without resets, at t_max:
 *   fires not but should: dw_i = +lambda x_i(t_max);   fires but should not: dw_i = -lambda x_i(t_max)
 * When all spikes of a pattern have one time, V_max = w c and this is a perceptron on coefficients.
 */
#include "synapse/rule.h"

typedef struct options {
    double margin;
} options;

static const mye_param params[] = {
    {"margin", MYE_PARAM_FLOAT, offsetof(options, margin), 0, "0", 0, 1e6, NULL, NULL, "",
     "a maximum nearer to the threshold than this is learned from too"},
    {0},
};

static mye_verdict learn(const void *opt, mye_reader *r, const mye_aim *aim)
{
    const options *o = opt;
    double v;
    const double at = mye_reader_maximum(r, &v);
    const bool should = aim->count > 0, does = v >= r->theta;
    const double inside = should ? v - r->theta : r->theta - v; /* below 0: wrong */
    if (should == does && inside >= o->margin)
        return MYE_RIGHT;
    if (at < 0) {
        if (should)
            mye_rule_wake(r);
    } else {
        const double sign = should ? 1 : -1;
        mye_reader_trace(r, 1, &at, &sign, r->gradient);
    }
    return should == does ? MYE_NEAR : MYE_WRONG;
}

const mye_rule_type mye_rule_tempotron = {
    .entry = {"tempotron", "fire or stay silent: raise or lower V where it is largest",
              "Guetig and Sompolinsky 2006; Yu et al. 2020, augmented", params, sizeof(options)},
    .is_binary = true,
    .learn = learn,
};
