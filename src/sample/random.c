/* A new random subset each epoch: dynamic random pruning. */
#include <string.h>

#include "sample/draw.h"

typedef struct random_options {
    mye_budget budget;
    bool repeat;
} random_options;

static const mye_param random_params[] = {
    MYE_BUDGET_RHO(random_options, budget, "0.5", "share of the visits that is left out"),
    {.name = "repeat",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(random_options, repeat),
     .def = "true",
     .unit = "",
     .help = "draw each subset anew; no: walk through orders of all samples, so that each is "
             "visited equally often"},
    {.name = NULL}};

enum { SUBSET = 1 };

/* Samples [at, at + n) of the orders of all samples, one order behind another; whole: room for one. */
static void walk(const mye_sample_facts *f, int64_t at, int64_t n, int64_t *whole, int64_t *order)
{
    for (int64_t done = 0; done < n;) {
        const int64_t first = (at + done) % f->n, left = n - done;
        const int64_t part = f->n - first < left ? f->n - first : left;
        mye_draw_all(f, (at + done) / f->n, whole);
        memcpy(order + done, whole + first, (size_t)part * sizeof *order);
        done += part;
    }
}

static size_t random_work_bytes(const void *options, const mye_sample_facts *f)
{
    return ((const random_options *)options)->repeat ? 0 : (size_t)f->n * sizeof(int64_t);
}

static void random_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                         mye_sample_epoch *out)
{
    const random_options *o = options;
    MYE_UNUSED(state);
    if (mye_budget_even(&o->budget, f, epoch, out))
        return;
    if (o->repeat)
        mye_draw_subset(f, epoch, SUBSET, NULL, f->n, out->n, out->order);
    else
        walk(f, epoch * out->n, out->n, out->work, out->order);
}

const mye_sample_rule mye_sample_random = {
    .entry = {.name = "random",
              .brief = "a new random subset each epoch",
              .source = "Okanovic et al., Repeated Random Sampling (RS2), ICLR 2024",
              .params = random_params,
              .options_size = sizeof(random_options)},
    .work_bytes = random_work_bytes,
    .epoch = random_epoch};
