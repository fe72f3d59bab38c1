/*
 * Checks of the arithmetic: reference cases and finite differences.
 *
 * A reference case is a JSON file (schema 1) that holds a small network, its input and weights, and
 * what another implementation computed: loss, outputs, gradients, spikes, statistics. It is run
 * through the code that training uses. The network is built from the file's `graph`.
 */
#ifndef MYELIN_VERIFY_H
#define MYELIN_VERIFY_H

#include "myelin/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One compared quantity of a case. */
typedef struct mye_verify_item {
    char what[112];  /* "loss", "output_mean", "grads conv1.weight", ...              */
    double largest;  /* largest absolute entry of the reference                       */
    double error;    /* largest absolute difference                                   */
    double relative; /* error / largest, 0 when both are 0                            */
    double allowed;  /* atol + rtol * largest                                         */
    bool passed;
} mye_verify_item;

typedef struct mye_verify_result {
    char file[256];
    char name[112];
    bool passed;
    bool refused; /* this build has no such rule or node: the reason is in message */
    char message[400];
    double worst_loss, worst_output, worst_gradient, worst_other; /* relative errors      */
    int n_items;
    mye_verify_item *item;
} mye_verify_result;

typedef struct mye_verify_options {
    double rtol, atol; /* < 0: 1e-3 and 1e-5, what single precision owes */
} mye_verify_options;

#define MYE_VERIFY_OPTIONS \
    {                      \
        -1, -1             \
    }

/* Runs one file. MYE_OK also when the case failed (see passed); an error when the file cannot be
 * read or is not a case: MYE_ERR_IO, MYE_ERR_FORMAT. */
MYE_API mye_status mye_verify_file(mye_context *ctx, const char *path,
                                   const mye_verify_options *options, mye_verify_result *out,
                                   mye_error *err);
MYE_API void mye_verify_free(mye_context *ctx, mye_verify_result *result);

/* One weight of a gradient check. */
typedef struct mye_gradcheck_item {
    char name[112];
    int64_t checked; /* entries that were moved                             */
    double largest;  /* largest numeric derivative                          */
    double error;    /* largest difference to the gradient                  */
    bool passed;
} mye_gradcheck_item;

typedef struct mye_gradcheck_options {
    const char *time, *loss;
    int T, batch;
    int entries;      /* of each weight                    */
    double step;      /* of the central difference         */
    double tolerance; /* relative to the weight's largest  */
    uint64_t seed;
    double rate_strength, rate_target; /* firing-rate term of the loss; strength 0: none */
} mye_gradcheck_options;

#define MYE_GRADCHECK_OPTIONS                            \
    {                                                    \
        "bptt", "ce_mean", 3, 2, 12, 1e-2, 2e-2, 1, 0, 0 \
    }

/* Compares the gradient with central differences, spikes replaced by the surrogate's primitive (so
 * the resets must not be detached). Free items with mye_gradcheck_free. */
MYE_API mye_status mye_gradcheck(mye_context *ctx, mye_model *model,
                                 const mye_gradcheck_options *options, mye_gradcheck_item **out,
                                 int *n, mye_error *err);
MYE_API void mye_gradcheck_free(mye_context *ctx, mye_gradcheck_item *items);

#ifdef __cplusplus
}
#endif
#endif
