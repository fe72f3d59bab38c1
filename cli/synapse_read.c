/* myelin synapse read: neurons that were kept read patterns and tell classes. */
#include "synapse.h"

#include <stdlib.h>

#include "myelin/synapse.h"

typedef struct read_options {
    cli_patterns_source source;
    char readout[MYE_METHOD_MAX];
    int64_t limit;
    bool each, ordinary;
    char emit[512];
} read_options;

static const mye_param params[] = {
    CLI_PATTERNS_ROWS(read_options),
    {.name = "each",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(read_options, each),
     .def = "no",
     .unit = "",
     .help = "a line for each pattern: label, answer, spikes and the maximum of V of the neurons"},
    {.name = "emit",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(read_options, emit),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "write the neurons' own spikes as patterns, for others to read: .npz or .npy"},
    {.name = "limit",
     .type = MYE_PARAM_INT,
     .offset = offsetof(read_options, limit),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .unit = "patterns",
     .help = "of them, 0 = all"},
    {.name = "ordinary",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(read_options, ordinary),
     .def = "no",
     .unit = "",
     .help = "read without coefficients: all are 1"},
    {.name = "readout",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(read_options, readout),
     .size = MYE_METHOD_MAX,
     .def = "vmax",
     .unit = "METHOD",
     .help = "from neurons to a class, as when they learned; see 'myelin list readout'"},
    CLI_END,
};

/* What neurons made of the patterns. */
typedef struct answers {
    int64_t n;
    int neurons;
    mye_responses responses;
    int32_t *label, *answer;
    int64_t right;
} answers;

static mye_status read_all(cli *app, const read_options *o, const mye_synapse *group,
                           const mye_patterns *set, answers *a, mye_error *err)
{
    const mye_patterns_info *info = mye_patterns_about(set);
    a->neurons = mye_synapse_neurons(group);
    const size_t cells = (size_t)info->n * (size_t)a->neurons;
    a->n = info->n;
    a->responses.v_max = cli_memory(cells, sizeof(double));
    a->responses.count = cli_memory(cells, sizeof(int32_t));
    a->label = cli_memory((size_t)info->n, sizeof(int32_t));
    a->answer = cli_memory((size_t)info->n, sizeof(int32_t));
    MYE_TRY(mye_synapse_respond(group, set, &a->responses, err));
    MYE_TRY(mye_synapse_classify(app->ctx, o->readout, info->classes, a->neurons,
                                 mye_synapse_theta(group), info->n, &a->responses, a->answer, err));
    for (int64_t k = 0; k < info->n; k++) {
        a->label[k] = mye_patterns_at(set, k).label;
        a->right += a->answer[k] == a->label[k];
    }
    return MYE_OK;
}

static void print_each(const cli *app, const mye_patterns_info *info, const answers *a)
{
    for (int64_t k = 0; k < a->n; k++) {
        json_t *v = json_array(), *spikes = json_array();
        for (int m = 0; m < a->neurons; m++) {
            json_array_append_new(v, cli_real(a->responses.v_max[k * a->neurons + m]));
            json_array_append_new(spikes, json_integer(a->responses.count[k * a->neurons + m]));
        }
        if (app->global.json) {
            cli_json(json_pack("{s:s,s:I,s:s,s:s,s:o,s:o}", "event", "pattern", "pattern",
                               (json_int_t)k, "label", info->class_name[a->label[k]], "answer",
                               info->class_name[a->answer[k]], "spikes", spikes, "v_max", v));
            continue;
        }
        printf("%lld\t%s\t%s\t", (long long)k, info->class_name[a->label[k]],
               info->class_name[a->answer[k]]);
        json_dumpf(spikes, stdout, JSON_COMPACT);
        putchar('\t');
        json_dumpf(v, stdout, JSON_COMPACT | JSON_REAL_PRECISION(5));
        putchar('\n');
        json_decref(v);
        json_decref(spikes);
    }
}

static void tell(const cli *app, const read_options *o, const mye_patterns_info *info,
                 const answers *a)
{
    const double accuracy = a->n > 0 ? (double)a->right / (double)a->n : 0;
    if (o->each)
        print_each(app, info, a);
    if (app->global.json)
        cli_json(json_pack("{s:s,s:I,s:I,s:o,s:i}", "event", "read", "patterns", (json_int_t)a->n,
                           "right", (json_int_t)a->right, "accuracy", cli_real(accuracy), "neurons",
                           a->neurons));
    else
        printf("%s%.2f %%%s of %lld pattern%s right, %d neuron%s, readout %s\n",
               cli_paint(app->color_out, "bold"), 100 * accuracy, cli_plain(app->color_out),
               (long long)a->n, a->n == 1 ? "" : "s", a->neurons, a->neurons == 1 ? "" : "s",
               o->readout);
}

/* *set becomes what is asked for of it. */
static mye_status cut(const read_options *o, mye_patterns **set, mye_error *err)
{
    mye_patterns *changed = NULL;
    const int64_t n = mye_patterns_about(*set)->n;
    if (o->limit > 0 && o->limit < n) {
        int64_t *index = cli_memory((size_t)o->limit, sizeof(*index));
        for (int64_t k = 0; k < o->limit; k++)
            index[k] = k;
        const mye_status st = mye_patterns_choose(*set, index, o->limit, &changed, err);
        free(index);
        MYE_TRY(st);
        mye_patterns_free(*set);
        *set = changed;
    }
    if (o->ordinary) {
        MYE_TRY(mye_patterns_ordinary(*set, &changed, err));
        mye_patterns_free(*set);
        *set = changed;
    }
    return MYE_OK;
}

/* The neurons' spikes as patterns in a file. */
static mye_status emit(const char *file, const mye_synapse *group, const mye_patterns *set,
                       mye_error *err)
{
    mye_patterns *spikes = NULL;
    MYE_TRY(mye_synapse_emit(group, set, &spikes, err));
    const mye_status st = mye_patterns_write(spikes, file, err);
    mye_patterns_free(spikes);
    return st;
}

static int run(cli *app)
{
    read_options o;
    mye_error err = {0};
    mye_patterns *set = NULL;
    mye_synapse *group = NULL;
    answers a = {0};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK && o.emit[0] && mye_patterns_probe(app->ctx, o.emit, &err) != MYE_OK)
        code = cli_fail(app, &err);
    if (code == CLI_EXIT_OK && mye_synapse_load(app->ctx, app->word[0], &group, &err) != MYE_OK)
        code = cli_fail(app, &err);
    if (code == CLI_EXIT_OK)
        code = cli_patterns_open(app, app->word[1], &o.source, &set);
    if (code == CLI_EXIT_OK &&
        (cut(&o, &set, &err) != MYE_OK || read_all(app, &o, group, set, &a, &err) != MYE_OK))
        code = cli_fail(app, &err);
    if (code == CLI_EXIT_OK && o.emit[0] && emit(o.emit, group, set, &err) != MYE_OK)
        code = cli_fail(app, &err);
    if (code == CLI_EXIT_OK)
        tell(app, &o, mye_patterns_about(set), &a);
    free(a.responses.v_max);
    free(a.responses.count);
    free(a.label);
    free(a.answer);
    mye_patterns_free(set);
    mye_synapse_free(group);
    return code;
}

const cli_command cli_synapse_read = {
    .entry = {.name = "synapse read",
              .brief = "read patterns with neurons that were kept",
              .source = "",
              .params = params,
              .options_size = sizeof(read_options)},
    .usage = "NEURONS.safetensors SOURCE|FILE [options]",
    .details =
        "Reads patterns with the neurons that 'synapse classify --save FILE' kept, tells their "
        "classes and, where the patterns have labels, how many are right. --each prints a "
        "line for each pattern. --emit writes the neurons' spikes as patterns that others can "
        "learn.",
    .examples = "synapse classify --readout levels:step=1 --save neurons.safetensors\n"
                "synapse read neurons.safetensors poisson --readout levels:step=1\n"
                "synapse read neurons.safetensors mine.npz --each --json\n"
                "# the spikes of these neurons are patterns for the next\n"
                "synapse read neurons.safetensors mine.npz --emit next.npz",
    .words = "file",
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
