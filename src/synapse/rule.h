/* Learning rules: what a neuron learns from a pattern it got wrong. */
#ifndef MYE_RULE_H
#define MYE_RULE_H

#include "synapse/reader.h"

/* What a neuron should do with a pattern. */
typedef struct mye_aim {
    int count;
    const double *t_ms; /* [count], NULL where the rule wants no times */
} mye_aim;

typedef enum mye_verdict {
    MYE_RIGHT, /* nothing to learn                                  */
    MYE_NEAR,  /* right, but inside the margin: it learned          */
    MYE_WRONG  /* it learned                                        */
} mye_verdict;

typedef struct mye_rule_type {
    mye_entry entry;
    bool wants_times;
    bool is_binary; /* fires or not: any count above 0 is the same */
    /* Adds the direction in which the weights should move to r->gradient. */
    mye_verdict (*learn)(const void *options, mye_reader *r, const mye_aim *aim);
} mye_rule_type;

extern const mye_kind mye_kind_rule;

/* For a neuron that should fire and whose potential never rises above 0, so that there is no peak to
 * raise: each weight goes up by the sum of its coefficients, as if all spikes had come together. Where
 * they do, V = w c, and this is the perceptron's move. */
void mye_rule_wake(mye_reader *r);
/* One spike too few or too many moves a critical threshold up or down; what its gradient knows of
 * earlier spikes is `mode`. `options` are mye_threshold_options. Guetig 2016; Yu et al. 2018 (TDP). */
mye_verdict mye_rule_threshold(const void *options, mye_reader *r, const mye_aim *aim,
                               mye_chain_mode mode);

/* Options of rules that search critical thresholds. */
typedef struct mye_threshold_options {
    double tolerance;
} mye_threshold_options;
extern const mye_param mye_threshold_params[];
#define MYE_RULE_TOLERANCE(type)                                                               \
    {                                                                                          \
        "tolerance", MYE_PARAM_FLOAT, offsetof(type, tolerance), 0, "1e-9", 1e-13, 1e-2, NULL, \
            NULL, "", "relative, of the search for critical thresholds"                        \
    }

#endif
