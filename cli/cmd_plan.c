/* myelin plan: the memory of a run, before it exists. */
#include "cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct plan_options {
    char input[32];
    int64_t classes;
    int compare;
} plan_options;

enum { COMPARE_NOTHING, COMPARE_TIME, COMPARE_DEPTH };

static const mye_param params[] = {
    {.name = "input",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(plan_options, input),
     .size = 32,
     .def = "",
     .unit = "CxHxW",
     .help = "shape of one input, in place of --data"},
    {.name = "classes",
     .type = MYE_PARAM_INT,
     .offset = offsetof(plan_options, classes),
     .def = "10",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "outputs, with --input"},
    {.name = "compare",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(plan_options, compare),
     .def = "no",
     .choices = "no|time|depth",
     .unit = "",
     .help = "one line for every method of this axis"},
    CLI_END,
};

/* What is planned for: a model and the size of its input. */
typedef struct subject {
    mye_model *model;
    int shape[3], classes;
    bool has_data;
    int64_t samples;
} subject;

static int look_at_data(cli *app, const mye_config *config, subject *s)
{
    mye_error err = {0};
    mye_dataset *data = NULL;
    if (mye_dataset_open(app->ctx, config->data, config->data_dir, "test", &data, &err) != MYE_OK) {
        mye_hint(&err, "plan without data: --input 3x32x32 --classes 10");
        return cli_fail(app, &err);
    }
    const mye_dataset_info *info = mye_dataset_about(data);
    s->shape[0] = info->C;
    s->shape[1] = info->H;
    s->shape[2] = info->W;
    s->classes = info->classes;
    s->has_data = true;
    s->samples = info->n;
    mye_dataset_free(data);
    return CLI_EXIT_OK;
}

static mye_status make_plan(const cli *app, const subject *s, const mye_plan_options *o,
                            mye_plan *plan, mye_error *err)
{
    MYE_TRY(mye_plan_make(app->ctx, s->model, o, plan, err));
    if (s->has_data && plan->loader_bytes == 0) {
        plan->loader_bytes = mye_loader_plan(s->shape[0], s->shape[1], s->shape[2], o->batch, s->samples);
        plan->total_bytes += plan->loader_bytes;
    }
    return MYE_OK;
}

/* One line for each method of an axis; a refusal is an answer too. */
static int compare(const cli *app, const subject *s, const mye_plan_options *base, bool depth)
{
    const mye_kind *kind = mye_kind_find(depth ? "depth" : "time");
    const char *given = depth ? base->depth : base->time;
    const size_t given_length = strcspn(given, ":");
    cli_table *t = cli_table_new(app, "method|>peak|>kept|>bytes/neuron/step|");
    for (const mye_entry *const *e = kind->entries; *e; e++) {
        mye_error err = {0};
        mye_plan plan = {0};
        mye_plan_options o = *base;
        const bool is_given =
            strlen((*e)->name) == given_length && strncmp(given, (*e)->name, given_length) == 0;
        const char *method = is_given ? given : (*e)->name;
        *(depth ? &o.depth : &o.time) = method;
        const bool ok = make_plan(app, s, &o, &plan, &err) == MYE_OK;
        if (app->global.json)
            cli_json(ok ? json_pack("{s:s,s:I,s:I,s:o}", "method", method, "peak_bytes",
                                    (json_int_t)plan.total_bytes, "kept_bytes",
                                    (json_int_t)plan.kept_bytes, "kept_per_neuron_step",
                                    cli_real(plan.kept_per_neuron_step))
                        : json_pack("{s:s,s:s}", "method", method, "refused", err.message));
        cli_cell(t, "%s", method);
        cli_cell(t, "%s", ok ? cli_bytes(plan.total_bytes).text : "-");
        cli_cell(t, "%s", ok ? cli_bytes(plan.kept_bytes).text : "-");
        char *each = cli_format("%.3f", plan.kept_per_neuron_step);
        cli_cell(t, "%s", ok ? each : "-");
        free(each);
        cli_cell(t, "%s", ok ? "" : err.message);
        if (ok)
            mye_plan_free(app->ctx, &plan);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    return CLI_EXIT_OK;
}

static bool fits(const cli *app, const subject *s, mye_plan_options o, int batch, size_t limit,
                 size_t *peak)
{
    mye_plan plan = {0};
    mye_error err = {0};
    o.batch = batch;
    if (make_plan(app, s, &o, &plan, &err) != MYE_OK)
        return false;
    const bool ok = plan.total_bytes <= limit;
    if (ok)
        *peak = plan.total_bytes;
    mye_plan_free(app->ctx, &plan);
    return ok;
}

/* The largest batch that fits (at most `most`), 0: not even one sample. */
static int largest_batch(const cli *app, const subject *s, const mye_plan_options *o, size_t limit,
                         size_t *peak)
{
    enum { MOST = 8192 };
    int good = 0, bad = MOST + 1;
    for (int b = 1; b <= MOST && good == b / 2; b *= 2) {
        if (fits(app, s, *o, b, limit, peak))
            good = b;
        else
            bad = b;
    }
    while (bad - good > 1 && bad - good > good / 16) {
        const int middle = good + (bad - good) / 2;
        if (fits(app, s, *o, middle, limit, peak))
            good = middle;
        else
            bad = middle;
    }
    return good;
}

/* Which batch every time rule could have under a limit of memory. */
static int fit(const cli *app, const subject *s, const mye_plan_options *base, size_t limit)
{
    const mye_kind *kind = mye_kind_find("time");
    if (!app->global.json)
        printf("\nlargest batch within %s:\n\n", cli_bytes(limit).text);
    cli_table *t = cli_table_new(app, "time|>batch|>peak");
    for (const mye_entry *const *e = kind->entries; *e; e++) {
        const size_t n = strlen((*e)->name);
        const bool is_given = strncmp(base->time, (*e)->name, n) == 0 &&
                              (base->time[n] == ':' || base->time[n] == '\0');
        mye_plan_options o = *base;
        o.time = is_given ? base->time : (*e)->name;
        size_t peak = 0;
        const int batch = largest_batch(app, s, &o, limit, &peak);
        if (app->global.json)
            cli_json(json_pack("{s:s,s:I,s:i,s:I}", "time", o.time, "memory_bytes",
                               (json_int_t)limit, "largest_batch", batch, "peak_bytes",
                               (json_int_t)peak));
        cli_cell(t, "%s", o.time);
        cli_cell(t, "%d", batch);
        cli_cell(t, "%s", batch ? cli_bytes(peak).text : "-");
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    return CLI_EXIT_OK;
}

static int show(const cli *app, const mye_config *config, const subject *s)
{
    mye_error err = {0};
    mye_plan plan = {0};
    const mye_plan_options o = cli_plan_options(config);
    if (make_plan(app, s, &o, &plan, &err) != MYE_OK)
        return cli_fail(app, &err);
    const size_t limit = (size_t)config->memory;
    const bool over = limit && plan.total_bytes > limit;
    if (app->global.json)
        cli_json(cli_plan_json(&plan));
    else
        cli_plan_print(app, &plan, &o);
    int code = CLI_EXIT_OK;
    if (limit) {
        if (!app->global.json)
            printf("\n%s %s\n", over ? "does not fit in" : "fits in", cli_bytes(limit).text);
        fit(app, s, &o, limit);
        code = over ? CLI_EXIT_MEMORY : CLI_EXIT_OK;
    }
    mye_plan_free(app->ctx, &plan);
    return code;
}

static int run(cli *app)
{
    plan_options o;
    mye_config config;
    subject s = {0};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_config(app, app->n_words > 0 ? app->word[0] : NULL, &config);
    if (code == CLI_EXIT_OK && o.input[0])
        code = cli_shape(app, o.input, &s.shape[0], &s.shape[1], &s.shape[2]);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, &config);
    s.classes = (int)o.classes;
    if (code == CLI_EXIT_OK && !o.input[0])
        code = look_at_data(app, &config, &s);
    if (code == CLI_EXIT_OK)
        code = cli_model(app, &config, s.shape, s.classes, &s.model);
    if (code != CLI_EXIT_OK)
        return code;
    if (o.compare == COMPARE_NOTHING) {
        code = show(app, &config, &s);
    } else {
        const mye_plan_options options = cli_plan_options(&config);
        code = compare(app, &s, &options, o.compare == COMPARE_DEPTH);
    }
    mye_model_free(s.model);
    return code;
}

const cli_command cli_cmd_plan = {
    .entry = {.name = "plan",
              .brief = "tell the memory of a run before it starts",
              .source = "",
              .params = params,
              .options_size = sizeof(plan_options)},
    .usage = "[CONFIG.yaml] [options]",
    .details = "The same code that counts here allocates later, so the peak is exact. Takes every "
               "option of train. With --memory: does it fit, and which batch would? (exit code 4 "
               "when it does not).",
    .examples = "plan --net vgg11 --input 3x32x32 --T 6 --batch 128\n"
                "plan --net vgg11 --input 3x32x32 --compare time\n"
                "plan --data fashion-mnist --memory 512M\n"
                "plan --net vgg11 --input 3x32x32 --json",
    .words = "file",
    .max_words = 1,
    .config = true,
    .run = run,
};
