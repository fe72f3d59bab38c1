/* The learning rate falls by `gamma` after every `every` epochs, or at each of `milestones`.
 * Epochs count from the beginning of training, warm-up included. */
#include <math.h>
#include <string.h>

#include "step/step.h"

typedef struct step_options {
    mye_warmup warmup;
    int64_t every;
    double gamma;
    char milestones[128];
} step_options;

static const mye_param step_params[] = {
    {.name = "every",
     .type = MYE_PARAM_INT,
     .offset = offsetof(step_options, every),
     .def = "30",
     .min = 1,
     .max = 1e9,
     .unit = "epochs",
     .help = "epochs between two falls"},
    {.name = "gamma",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(step_options, gamma),
     .def = "0.1",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "factor of each fall"},
    {.name = "milestones",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(step_options, milestones),
     .size = 128,
     .def = "",
     .unit = "epochs",
     .help = "epochs of the falls in place of every: (100,150)"},
    MYE_WARMUP_PARAMS(step_options),
    {.name = NULL}};

/* The next number of "100,150"; *at moves behind it. False at the end or where there is none. */
static bool next_milestone(const char **at, int64_t *out)
{
    char word[24];
    const size_t n = strcspn(*at, ",");
    if (n == 0 || n >= sizeof word)
        return false;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    if (**at == ',')
        (*at)++;
    return mye_parse_int(word, out);
}

static mye_status step_check(const void *options, mye_error *err)
{
    const step_options *o = options;
    const char *at = o->milestones;
    int64_t last = 0, epoch = 0;
    while (*at) {
        if (!next_milestone(&at, &epoch) || epoch <= last)
            return mye_fail(err, MYE_ERR_ARG,
                            "schedule step: milestones must be rising epochs from 1 like "
                            "(100,150), got '%s'",
                            o->milestones);
        last = epoch;
    }
    return MYE_OK;
}

static double step_factor(const void *options, int64_t step, int64_t total, int64_t per_epoch)
{
    MYE_UNUSED(total);
    const step_options *o = options;
    const int64_t epoch = per_epoch > 0 ? step / per_epoch : 0;
    int64_t falls = epoch / o->every, milestone = 0;
    const char *at = o->milestones;
    if (*at) {
        falls = 0;
        while (next_milestone(&at, &milestone) && milestone <= epoch)
            falls++;
    }
    return mye_warmup_factor(&o->warmup, step, per_epoch) * pow(o->gamma, (double)falls);
}

const mye_schedule mye_schedule_step = {.entry = {.name = "step",
                                                  .brief = "falls by a factor at some epochs",
                                                  .source = "",
                                                  .params = step_params,
                                                  .options_size = sizeof(step_options)},
                                        .factor = step_factor,
                                        .check = step_check};
