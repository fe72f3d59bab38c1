/* myelin plan: the memory of a run, before it exists. */
#include "plan_depth.h"
#include "plan_over.h"

#include <stdlib.h>
#include <string.h>

typedef struct plan_options {
    char input[32];
    int64_t classes;
    bool events;
    int compare;
    char html[512];
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
    {.name = "events",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(plan_options, events),
     .def = "no",
     .unit = "",
     .help = "the input differs at every step, as frames of events do; with --input"},
    {.name = "compare",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(plan_options, compare),
     .def = "no",
     .choices = "no|time|depth",
     .unit = "",
     .help = "one line for every method of this axis; time: over a list of --T, or 1 to 64; "
             "depth: beside what checkpoints save"},
    {.name = "html",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(plan_options, html),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "with --compare time over several T: a page with the figure"},
    CLI_END,
};

/* What is planned for: a model (NULL: one for each line), its input, the samples of its data (0:
 * unknown). */
typedef struct subject {
    mye_model *model;
    cli_plan_sample sample;
    int64_t n_train, n_test;
    size_t read_bytes;
} subject;

static mye_plan_options options_of(const mye_config *config, const subject *s)
{
    mye_plan_options o = mye_config_plan(config, s->n_train, s->n_test);
    o.frames = s->sample.frames;
    o.read_bytes = s->read_bytes;
    return o;
}

static mye_status count(const cli *app, const mye_config *config, const char *split, subject *s,
                        int64_t *n, mye_error *err)
{
    mye_dataset *data = NULL;
    MYE_TRY(mye_dataset_open_steps(app->ctx, config->data, config->data_dir, split, (int)config->T,
                                   &data, err));
    const mye_dataset_info *info = mye_dataset_about(data);
    s->sample.shape[0] = info->C;
    s->sample.shape[1] = info->H;
    s->sample.shape[2] = info->W;
    s->sample.frames = info->frames;
    s->read_bytes = info->read_bytes > s->read_bytes ? info->read_bytes : s->read_bytes;
    s->sample.classes = info->classes;
    *n = info->n;
    mye_status st = MYE_OK;
    if (info->frames > 0 && info->frames != config->T) {
        st = mye_fail(err, MYE_ERR_SHAPE, "the samples of '%s' have %d frames, but T is %lld",
                      info->name, info->frames, (long long)config->T);
        mye_hint(err, "set T to %d", info->frames);
    }
    mye_dataset_free(data);
    return st;
}

static int look_at_data(cli *app, const mye_config *config, subject *s)
{
    mye_error err = {0};
    mye_status st = count(app, config, "train", s, &s->n_train, &err);
    if (st == MYE_OK)
        st = count(app, config, "test", s, &s->n_test, &err);
    if (st == MYE_OK)
        return CLI_EXIT_OK;
    if (err.code != MYE_ERR_SHAPE)
        mye_hint(&err, "plan without data: --input 3x32x32 --classes 10");
    return cli_fail(app, &err);
}

/* One line of a table of methods; a refusal is an answer too. */
static void compare_row(const cli *app, cli_table *t, const subject *s, const mye_plan_options *o,
                        const char *method)
{
    mye_error err = {0};
    mye_plan plan = {0};
    const bool ok = mye_plan_make(app->ctx, s->model, o, &plan, &err) == MYE_OK;
    if (app->global.json)
        cli_json(ok ? json_pack("{s:s,s:I,s:I,s:o}", "method", method, "peak_bytes",
                                (json_int_t)plan.total_bytes, "kept_bytes",
                                (json_int_t)plan.kept_bytes, "kept_per_neuron_step",
                                cli_real(plan.kept_per_neuron_step))
                    : json_pack("{s:s,s:s}", "method", method, "refused", err.message));
    cli_cell(t, "%s", method);
    cli_cell(t, "%s", ok ? cli_bytes(plan.total_bytes).text : "-");
    cli_cell(t, "%s", ok ? cli_bytes(plan.kept_bytes).text : "-");
    if (ok)
        cli_cell(t, "%.3f", plan.kept_per_neuron_step);
    else
        cli_cell(t, "-");
    cli_cell(t, "%s", ok ? "" : err.message);
    if (ok)
        mye_plan_free(app->ctx, &plan);
}

static void compare_time(const cli *app, const subject *s, const mye_plan_options *base)
{
    char(*row)[MYE_METHOD_MAX] = cli_memory(CLI_PLAN_ROWS_MAX, sizeof(*row));
    const int n = cli_time_rows(base->time, row);
    cli_table *t = cli_table_new(app, "method|>peak|>kept|>bytes/neuron/step|");
    for (int i = 0; i < n; i++) {
        mye_plan_options o = *base;
        o.time = row[i];
        compare_row(app, t, s, &o, row[i]);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    free(row);
}

static int compare(cli *app, const subject *s, const mye_config *config, const plan_options *o,
                   const cli_steps *steps)
{
    const mye_plan_options base = options_of(config, s);
    if (o->compare == COMPARE_DEPTH)
        return cli_plan_depth(app, config, &s->sample, &base);
    if (steps->is_list)
        return cli_plan_over(app, s->model, &base, steps, config->net, o->html);
    compare_time(app, s, &base);
    return CLI_EXIT_OK;
}

/* One rule within a limit of memory; what does not fit the network itself is no advice. */
static void fit_row(const cli *app, cli_table *t, const subject *s, mye_plan_options o,
                    size_t limit)
{
    mye_error err = {0};
    mye_plan plan = {0};
    char time[MYE_METHOD_MAX];
    const char *asked = o.time;
    const bool ok = mye_plan_fit(app->ctx, s->model, &o, time, limit, &plan, &err) == MYE_OK;
    if (app->global.json)
        cli_json(ok ? json_pack("{s:s,s:I,s:s,s:i,s:I,s:I}", "asked", asked, "memory_bytes",
                                (json_int_t)limit, "time", o.time, "batch", o.batch, "peak_bytes",
                                (json_int_t)plan.total_bytes, "kept_bytes",
                                (json_int_t)plan.kept_bytes)
                    : json_pack("{s:s,s:I,s:s}", "asked", asked, "memory_bytes", (json_int_t)limit,
                                "refused", err.message));
    if (ok) {
        cli_cell(t, "%d", o.batch);
        cli_cell(t, "%s", cli_bytes(plan.total_bytes).text);
        cli_cell(t, "%s", cli_bytes(plan.kept_bytes).text);
        cli_cell(t, "--time %s --batch %d", o.time, o.batch);
    } else if (err.code != MYE_ERR_UNSUPPORTED) {
        for (int i = 0; i < 3; i++)
            cli_cell(t, "-");
        cli_cell(t, "%s: %s", asked, err.message);
    }
    mye_plan_free(app->ctx, &plan);
}

/* What each time rule needs to stay within a limit of memory. */
static void fit(const cli *app, const subject *s, const mye_plan_options *base, size_t limit)
{
    const mye_kind *kind = mye_kind_find("time");
    cli_table *t = cli_table_new(app, ">batch|>peak|>kept|within the limit with");
    for (const mye_entry *const *e = kind->entries; *e; e++) {
        const size_t n = strlen((*e)->name);
        const bool is_given = strncmp(base->time, (*e)->name, n) == 0 &&
                              (base->time[n] == ':' || base->time[n] == '\0');
        mye_plan_options o = *base;
        o.time = is_given ? base->time : (*e)->name;
        fit_row(app, t, s, o, limit);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
}

static int show(const cli *app, const mye_config *config, const subject *s)
{
    mye_error err = {0};
    mye_plan plan = {0};
    const mye_plan_options o = options_of(config, s);
    if (mye_plan_make(app->ctx, s->model, &o, &plan, &err) != MYE_OK)
        return cli_fail(app, &err);
    const size_t limit = (size_t)config->memory;
    const bool over = limit && plan.total_bytes > limit;
    if (app->global.json)
        cli_json(cli_plan_json(s->model, &plan));
    else
        cli_plan_print(app, s->model, &plan, &o, config->depth);
    int code = CLI_EXIT_OK;
    if (limit) {
        if (!app->global.json)
            printf("\n%s %s\n\n", over ? "does not fit in" : "fits in", cli_bytes(limit).text);
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
    cli_steps steps = {0};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK && o.compare == COMPARE_TIME)
        code = cli_steps_read(app, &steps);
    if (code == CLI_EXIT_OK && o.html[0] && !steps.is_list)
        code = cli_usage(app, "write --compare time, without --T or with a list: --T 1,2,4,8",
                         "--html draws peaks over several T");
    if (code == CLI_EXIT_OK)
        code = cli_config(app, app->n_words > 0 ? app->word[0] : NULL, &config);
    if (code == CLI_EXIT_OK && o.input[0])
        code = cli_shape(app, o.input, &s.sample.shape[0], &s.sample.shape[1], &s.sample.shape[2]);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, &config);
    s.sample.classes = (int)o.classes;
    s.sample.frames = o.events && o.input[0] ? (int)config.T : 0;
    if (code == CLI_EXIT_OK && !o.input[0])
        code = look_at_data(app, &config, &s);
    if (code == CLI_EXIT_OK && o.compare == COMPARE_DEPTH)
        code = cli_encoder(app, &config, s.sample.frames);
    else if (code == CLI_EXIT_OK)
        code = cli_model(app, &config, s.sample.shape, s.sample.frames, s.sample.classes, &s.model);
    if (code != CLI_EXIT_OK)
        return code;
    code = o.compare == COMPARE_NOTHING ? show(app, &config, &s)
                                        : compare(app, &s, &config, &o, &steps);
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
               "option of train. With --memory it says whether that fits, and with which settings "
               "each time rule would (exit code 4 when it does not).",
    .examples = "plan --net vgg11 --input 3x32x32 --T 6 --batch 128\n"
                "# time rules side by side, at 1, 2, 4 ... 64 steps or at those given\n"
                "plan --net vgg11 --input 3x32x32 --compare time --html plan.html\n"
                "plan --net vgg11 --input 3x32x32 --compare time --T 4,6,8\n"
                "# modules that learn by themselves, beside checkpoints\n"
                "plan --net resnet32 --input 3x32x32 --neuron relu --T 1 --compare depth\n"
                "plan --net resnet32 --input 3x32x32 --depth auglocal:a=2\n"
                "plan --data fashion-mnist --memory 512M\n"
                "plan --net vgg11 --input 3x32x32 --json",
    .words = "file",
    .max_words = 1,
    .config = true,
    .run = run,
};
