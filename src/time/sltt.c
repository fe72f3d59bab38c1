/*
 * SLTT: spatial learning through time.
 *
 * Forward as for BPTT. Backward at each step on its own, with all paths through time left out:
 * v_{t-1} counts as a constant when u_t is formed,
 *
 *   dL_t/du_t = dL_t/ds_t sigma'(u_t - theta),   dL/dW += dL_t/dx_t (x) s_t
 *
 * so nothing of earlier steps is kept but the membranes, and memory does not depend on T. Batch norm
 * takes the statistics of each step. The reset has no share in the gradient.
 *
 * K     of the T steps, K drawn for each batch have a loss and a backward pass; the others go
 *       forward only (SLTT-K). The released code leaves the loss as it is, so the gradient is K/T of
 *       that of SLTT on average; rescale=yes multiplies both by T/K.
 * steps names them, for tests: steps=1+4
 *
 * Source: Meng et al., "Towards Memory- and Time-Efficient Backpropagation for Training Spiking
 * Neural Networks", ICCV 2023 (arXiv 2302.14311), equations 9-10 and algorithm 1.
 */
#include "time/online.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t K;
    bool rescale;
    char steps[256];
} sltt_options;

enum { MAX_STEPS = 4096 };

static const mye_param params[] = {
    {.name = "K",
     .type = MYE_PARAM_INT,
     .offset = offsetof(sltt_options, K),
     .def = "0",
     .min = 0,
     .max = MAX_STEPS,
     .unit = "steps",
     .help = "train that many steps, drawn for each batch (SLTT-K); 0 = all"},
    {.name = "rescale",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sltt_options, rescale),
     .def = "no",
     .unit = "",
     .help = "loss and gradient times T/K; no = the released code"},
    {.name = "steps",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(sltt_options, steps),
     .size = sizeof(((sltt_options *)0)->steps),
     .def = "",
     .unit = "LIST",
     .help = "train these steps, from 0, such as 1+4; empty = drawn"},
    {.name = NULL},
};

/* ---- which steps are trained ---- */

typedef struct chosen {
    uint64_t bits[MAX_STEPS / 64];
    int n;
} chosen;

static void choose(chosen *c, int t)
{
    c->bits[t / 64] |= (uint64_t)1 << t % 64;
    c->n++;
}

static bool trains(const void *self, int t)
{
    const chosen *c = self;
    return (c->bits[t / 64] >> t % 64 & 1) != 0;
}

/* "1+4"; false: not such a list, a step twice, or none below T. */
static bool read_list(const char *text, int T, chosen *c)
{
    while (*text != '\0') {
        char *end;
        const long t = strtol(text, &end, 10);
        if (end == text || (*end != '+' && *end != '\0') || t < 0 || t >= T || trains(c, (int)t))
            return false;
        choose(c, (int)t);
        text = *end == '+' ? end + 1 : end;
    }
    return c->n > 0;
}

/* K distinct steps, uniformly: each remaining step with the chance that fills up K (Knuth's S). */
static void draw(int K, int T, uint64_t seed, chosen *c)
{
    for (int t = 0; t < T; t++) {
        const double left = (double)(T - t), wanted = (double)(K - c->n);
        if (left * (double)mye_random_uniform(seed, MYE_STREAM_METHOD, (uint64_t)t) < wanted)
            choose(c, t);
    }
}

static int trained(const sltt_options *o, int T)
{
    chosen c = {.n = 0};
    if (o->steps[0] != '\0')
        return read_list(o->steps, T, &c) ? c.n : 0;
    return o->K > 0 ? (int)o->K : T;
}

/* ---- the rule ---- */

static mye_status check(const void *options, const mye_model *model, const mye_run_options *ro,
                        mye_error *err)
{
    const sltt_options *o = options;
    if (o->K > ro->T)
        return mye_fail(err, MYE_ERR_ARG,
                        "time rule 'sltt' wants K of at most T = %d steps, got %lld", ro->T,
                        (long long)o->K);
    if (o->K > 0 && o->steps[0] != '\0')
        return mye_fail(err, MYE_ERR_ARG,
                        "time rule 'sltt' wants K or steps, got both: K=%lld, steps=%s",
                        (long long)o->K, o->steps);
    if (trained(o, ro->T) == 0)
        return mye_fail(
            err, MYE_ERR_ARG,
            "time rule 'sltt' wants different steps from 0 to %d as in 1+4, got steps=%s",
            ro->T - 1, o->steps);
    return mye_online_check("sltt", model, err);
}

static void prepare(const void *options, mye_run *run)
{
    mye_online_prepare(run);
    mye_run_backward_steps(run, trained(options, mye_run_asked(run)->T));
}

static void step(const void *options, mye_run *run)
{
    const sltt_options *o = options;
    const int T = mye_run_pass(run)->T;
    chosen c = {.n = 0};
    if (o->steps[0] != '\0')
        read_list(o->steps, T, &c);
    else
        draw(trained(o, T), T, mye_run_pass(run)->seed, &c);
    const mye_online online = {
        .self = &c, .trains = trains, .loss_scale = o->rescale ? (double)T / c.n : 1.0};
    mye_online_step(run, &online);
}

static const char *const variants[] = {"K=2", NULL};

const mye_time_rule mye_time_sltt = {
    .entry = {.name = "sltt",
              .brief = "spatial learning through time: each step on its own, memory flat in T",
              .source = "Meng et al. 2023, ICCV, arXiv 2302.14311",
              .params = params,
              .options_size = sizeof(sltt_options)},
    .variants = variants,
    .by_steps = true,
    .check = check,
    .prepare = prepare,
    .step = step,
};
