/* myelin synapse make: writes the patterns of a source, with noise or without coefficients, to a file. */
#include "synapse.h"

typedef struct make_options {
    cli_patterns_source source;
    char out[512], noise[512];
    bool ordinary;
} make_options;

static const mye_param params[] = {
    {.name = "out",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(make_options, out),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "write to this file, .npz or .npy"},
    CLI_PATTERNS_ROWS(make_options),
    {.name = "noise",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(make_options, noise),
     .size = 512,
     .def = "",
     .unit = "LIST",
     .help = "methods with spaces between, see 'myelin list noise'"},
    {.name = "ordinary",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(make_options, ordinary),
     .def = "no",
     .unit = "",
     .help = "at last, make every coefficient 1"},
    CLI_END,
};

/* *set becomes its noisy, its ordinary copy. */
static mye_status change(const make_options *o, mye_patterns **set, mye_error *err)
{
    mye_patterns *changed = NULL;
    if (o->noise[0]) {
        MYE_TRY(mye_patterns_noise(*set, o->noise, (uint64_t)o->source.seed, 0, &changed, err));
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

static void tell(const cli *app, const make_options *o, const mye_patterns *set)
{
    cli_patterns_facts facts = cli_patterns_look(set);
    if (app->global.json) {
        json_t *object = cli_patterns_json(&facts);
        json_object_set_new(object, "file", json_string(o->out));
        cli_json(object);
    } else {
        cli_patterns_print(app, &facts);
        cli_note(app, "\nwrote %s", o->out);
    }
    cli_patterns_facts_free(&facts);
}

static int run(cli *app)
{
    make_options o;
    mye_error err = {0};
    mye_patterns *set = NULL;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK && !o.out[0])
        return cli_usage(app, "--out patterns.npz", "'myelin synapse make' needs --out FILE");
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK && mye_patterns_probe(app->ctx, o.out, &err) != MYE_OK)
        code = cli_fail(app, &err);
    if (code == CLI_EXIT_OK)
        code = cli_patterns_open(app, app->word[0], &o.source, &set);
    if (code != CLI_EXIT_OK)
        return code;
    mye_status st = change(&o, &set, &err);
    if (st == MYE_OK)
        st = mye_patterns_write(set, o.out, &err);
    if (st == MYE_OK)
        tell(app, &o, set);
    mye_patterns_free(set);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

const cli_command cli_synapse_make = {
    .entry = {.name = "synapse make",
              .brief = "write spike patterns to a file",
              .source = "",
              .params = params,
              .options_size = sizeof(make_options)},
    .usage = "SOURCE|FILE --out FILE [options]",
    .details =
        "SOURCE is a method: 'myelin list pattern'; or a file that was written before. An .npz "
        "file holds all of the patterns but the names of their classes; an .npy file is one "
        "table of spikes, in which patterns without spikes have no place.",
    .examples =
        "synapse make poisson:patterns=20,classes=4 --out patterns.npz\n"
        "# the same patterns with noise, as ordinary spikes\n"
        "synapse make patterns.npz --noise \"jitter:sd=2 delete:share=0.1\" --ordinary --out "
        "noisy.npz",
    .words = "pattern",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
