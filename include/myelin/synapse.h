/*
 * Single neurons that learn to read spike patterns (myelin/patterns.h).
 *
 *   V(t) = sum_i w_i sum_j c_j K(t - t_j) - theta sum_{t_s < t} exp(-(t - t_s)/tau_m)
 *
 * A group is a number of such neurons that read the same patterns and learn on their own: each has an
 * aim for each pattern (fire or not, how many spikes, when). They are simulated exactly, from event to
 * event. A spike of coefficient k does what k spikes at its time would; learning rules follow, because
 * coefficients are inside the traces that their gradients are made of.
 *
 * Methods: `myelin list psp` (K), `rule` (what is learned from a mistake), `move` (how far),
 * `readout` (from neurons to a class). Source: Yu et al. 2020, Synaptic learning with augmented spikes.
 */
#ifndef MYELIN_SYNAPSE_H
#define MYELIN_SYNAPSE_H

#include "myelin/patterns.h"
#include "myelin/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_synapse mye_synapse;

#define MYE_NEURONS_MAX 65536 /* of a group */

typedef struct mye_synapse_options {
    const char *psp;  /* entry of `myelin list psp`                                           */
    const char *rule; /* of `rule`                                                            */
    const char *move; /* of `move`                                                            */
    double theta;     /* threshold, above 0                                                   */
    double lambda;    /* learning rate, above 0                                               */
    double decay;     /* it falls on a line to lambda * (1 - decay) in the last epoch, 0..1   */
    double init_mean, init_sd; /* weights begin normal                                        */
    const char *noise;         /* while training, a new one each time: entries of `noise`     */
    bool average;              /* at the end weights are the mean over all presentations      */
    int64_t epochs;            /* at most; ends before when no pattern is wrong (nor near)    */
    int batch;                 /* patterns whose mistakes are added up before weights move    */
    uint64_t seed;
} mye_synapse_options;

#define MYE_SYNAPSE_OPTIONS                                                                 \
    {                                                                                       \
        "double-exp", "tempotron", "momentum", 1, 1e-3, 0, 0.01, 0.01, "", false, 100, 1, 1 \
    }

/* Neurons with fresh weights. Errors: MYE_ERR_ARG, MYE_ERR_NOMEM. */
MYE_API mye_status mye_synapse_create(mye_context *ctx, int32_t units, int neurons,
                                      const mye_synapse_options *options, mye_synapse **out,
                                      mye_error *err);
MYE_API void mye_synapse_free(mye_synapse *s);
MYE_API int32_t mye_synapse_units(const mye_synapse *s);
MYE_API int mye_synapse_neurons(const mye_synapse *s);
MYE_API double mye_synapse_theta(const mye_synapse *s); /* the threshold */
/* Weights [neurons][units]; may be written. */
MYE_API double *mye_synapse_weights(mye_synapse *s);

/* What neurons should do with each of n patterns. */
typedef struct mye_aims {
    /* [n][neurons] spikes; a rule that only tells firing from silence takes any number above 0 as
     * firing */
    const int32_t *count;
    /* Where a rule wants times: those of (pattern k, neuron m) are t_ms[first[k * neurons + m]] and on,
     * rising, `count` of them. Else NULL. */
    const int64_t *first;
    const double *t_ms;
} mye_aims;

typedef struct mye_synapse_epoch {
    int64_t epoch; /* from 1                                                           */
    double wrong;  /* share of (pattern, neuron) that missed its aim                    */
    double near;   /* share that met it within the margin alone, and learned            */
    double lambda; /* learning rate                                                     */
} mye_synapse_epoch;

typedef struct mye_synapse_result {
    int64_t epochs; /* that were run                                                       */
    bool converged; /* nothing was wrong or near in the last of them                       */
    double train_s;
    mye_synapse_epoch *curve; /* [epochs]; free with mye_synapse_result_free                  */
} mye_synapse_result;

/* Learns; weights go on from where they are. The patterns have as many units as the group. The answer
 * does not depend on the number of threads. Errors: MYE_ERR_SHAPE, MYE_ERR_NOMEM, MYE_ERR_NUMERIC when
 * weights leave the numbers, MYE_ERR_CANCELLED (weights are those of the last whole epoch, or in it). */
MYE_API mye_status mye_synapse_train(mye_synapse *s, const mye_patterns *patterns,
                                     const mye_aims *aims, const mye_callbacks *callbacks,
                                     mye_synapse_result *out, mye_error *err);
MYE_API void mye_synapse_result_free(mye_context *ctx, mye_synapse_result *r);

/* What neurons make of each of n patterns: arrays [n][neurons], any of them NULL. */
typedef struct mye_responses {
    double *v_max;  /* maximum of V without resets; 0 where V never rises above 0           */
    int32_t *count; /* spikes                                                               */
} mye_responses;
MYE_API mye_status mye_synapse_respond(const mye_synapse *s, const mye_patterns *patterns,
                                       const mye_responses *out, mye_error *err);

/* The spikes of a group as patterns for the next one, whose afferents are these neurons; labels, groups,
 * windows and names of classes stay. Several spikes of one time (psp exp) are one, and their number is
 * its coefficient. */
MYE_API mye_status mye_synapse_emit(const mye_synapse *s, const mye_patterns *patterns,
                                    mye_patterns **out, mye_error *err);

/* One neuron before one pattern: its spike times (at most `room`; *n is how many there are). */
MYE_API mye_status mye_synapse_spikes(const mye_synapse *s, const mye_pattern *pattern, int neuron,
                                      double *t_ms, int room, int *n, mye_error *err);
/* V at the times t_ms[n] (rising), with resets. */
MYE_API mye_status mye_synapse_potential(const mye_synapse *s, const mye_pattern *pattern,
                                         int neuron, const double *t_ms, int n, double *v,
                                         mye_error *err);
/* k-th critical threshold of a neuron and pattern, and its gradient [units] (may be NULL): the largest
 * theta at which the neuron fires k times. MYE_ERR_NUMERIC where there is none. */
MYE_API mye_status mye_synapse_critical(const mye_synapse *s, const mye_pattern *pattern,
                                        int neuron, int k, double *theta, double *gradient,
                                        mye_error *err);

/* Classes out of responses: neuron m speaks for class m / (neurons / classes), unless the readout says
 * otherwise. `readout` is an entry of `myelin list readout`; both arrays of responses are wanted; out
 * [n]. */
MYE_API mye_status mye_synapse_classify(mye_context *ctx, const char *readout, int classes,
                                        int neurons, double theta, int64_t n,
                                        const mye_responses *responses, int32_t *out,
                                        mye_error *err);
/* The aims that teach them: count [n][neurons] for labels [n]. */
MYE_API mye_status mye_synapse_aims(mye_context *ctx, const char *readout, int classes, int neurons,
                                    int64_t n, const int32_t *label, int32_t *count,
                                    mye_error *err);

/* Weights, options and shape as one safetensors file; the file appears whole or not at all. */
MYE_API mye_status mye_synapse_save(const mye_synapse *s, const char *path, mye_error *err);
MYE_API mye_status mye_synapse_load(mye_context *ctx, const char *path, mye_synapse **out,
                                    mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
