/* myelin show: the nodes of a network. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct show_options {
    char input[32], neuron[MYE_METHOD_MAX], depth[MYE_METHOD_MAX];
    int64_t classes;
    bool yaml;
} show_options;

static const mye_param params[] = {
    {.name = "input",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(show_options, input),
     .size = 32,
     .def = "1x28x28",
     .unit = "CxHxW",
     .help = "shape of one input"},
    {.name = "classes",
     .type = MYE_PARAM_INT,
     .offset = offsetof(show_options, classes),
     .def = "10",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "outputs of a named network; 0 = as the description says"},
    {.name = "neuron",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(show_options, neuron),
     .size = MYE_METHOD_MAX,
     .def = "lif",
     .unit = "METHOD",
     .help = "what plain LIF or N stands for"},
    {.name = "depth",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(show_options, depth),
     .size = MYE_METHOD_MAX,
     .def = "",
     .unit = "METHOD",
     .help = "show the modules that this depth rule makes, in place of the nodes"},
    {.name = "yaml",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(show_options, yaml),
     .def = "no",
     .unit = "",
     .help = "print the graph as a YAML file that --net accepts"},
    CLI_END,
};

static char *inputs_text(const mye_model *model, const mye_node_info *n)
{
    char *text = cli_format("%s", "");
    for (int i = 0; i < n->n_in; i++) {
        mye_node_info from;
        mye_model_node(model, n->in[i], &from);
        char *longer = cli_format("%s%s%s", text, i > 0 ? " " : "", from.name);
        free(text);
        text = longer;
    }
    return text;
}

static void show_json(const mye_model *model)
{
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info n;
        mye_model_node(model, i, &n);
        json_t *in = json_array();
        for (int k = 0; k < n.n_in; k++)
            json_array_append_new(in, json_integer(n.in[k]));
        cli_json(json_pack("{s:s,s:s,s:s,s:o,s:[i,i,i],s:b,s:b,s:b,s:I,s:o}", "name", n.name, "op",
                           n.op, "options", n.options, "in", in, "shape", n.C, n.H, n.W, "spiking",
                           n.is_spiking, "virtual", n.is_virtual, "static", n.is_static, "weights",
                           (json_int_t)n.n_weights, "macs", cli_real(n.macs)));
    }
}

static void show_table(const cli *app, const mye_model *model)
{
    double macs = 0;
    const int n_nodes = mye_model_nodes(model);
    cli_table *t = cli_table_new(app, "name|op|>shape|>weights|>MACs|from|options");
    for (int i = 0; i < n_nodes; i++) {
        mye_node_info n;
        mye_model_node(model, i, &n);
        char *from = inputs_text(model, &n);
        cli_cell(t, "%s", n.name);
        cli_cell(t, "%s", n.op);
        if (n.H == 1 && n.W == 1)
            cli_cell(t, "%d", n.C);
        else
            cli_cell(t, "%dx%dx%d", n.C, n.H, n.W);
        cli_cell(t, "%s", n.n_weights ? cli_count((double)n.n_weights).text : "");
        cli_cell(t, "%s", n.macs > 0 ? cli_count(n.macs).text : "");
        cli_cell(t, "%s", from);
        cli_cell(t, "%s", n.options);
        free(from);
        macs += n.macs;
    }
    cli_table_print(t, stdout);
    printf("\n%d nodes, %s weights, %s neurons, %s multiply-adds a sample and step\n", n_nodes,
           cli_count((double)mye_model_weights(model)).text,
           cli_count((double)mye_model_neurons(model)).text, cli_count(macs).text);
}

static int show(const cli *app, const mye_model *model, const show_options *o)
{
    mye_error err = {0};
    char *text = NULL;
    if (o->yaml && mye_model_yaml(model, &text, &err) != MYE_OK)
        return cli_fail(app, &err);
    if (o->yaml)
        fputs(text, stdout);
    else if (o->depth[0] && app->global.json)
        cli_modules_json(model);
    else if (o->depth[0])
        cli_modules_print(app, model);
    else if (app->global.json)
        show_json(model);
    else
        show_table(app, model);
    if (text)
        mye_model_text_free(model, text);
    return CLI_EXIT_OK;
}

static bool ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);
    return n > m && strcmp(path + n - m, end) == 0;
}

/* Does the file hold a trained network? */
static bool is_checkpoint(const char *path)
{
    return ends_with(path, ".safetensors") || ends_with(path, ".onnx");
}

static int show_run(const cli *app, const show_options *o)
{
    mye_error err = {0};
    mye_classifier *c = NULL;
    if (o->depth[0])
        return cli_usage(app, "write the network: show resnet32 --depth auglocal",
                         "--depth goes with a network, but '%.80s' is a run or a checkpoint",
                         app->word[0]);
    if (mye_classifier_open(app->ctx, app->word[0], NULL, &c, &err) != MYE_OK)
        return cli_fail(app, &err);
    const int code = show(app, mye_classifier_model(c), o);
    mye_classifier_free(c);
    return code;
}

static int run(cli *app)
{
    show_options o;
    mye_error err = {0};
    mye_model_options options = MYE_MODEL_OPTIONS;
    struct stat info;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK && o.yaml && o.depth[0])
        code = cli_usage(app, "leave one of them away",
                         "--yaml writes the network itself, --depth shows what is put around it");
    if (code == CLI_EXIT_OK)
        code = cli_shape(app, o.input, &options.C, &options.H, &options.W);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    if (stat(app->word[0], &info) == 0 && (S_ISDIR(info.st_mode) || is_checkpoint(app->word[0])))
        return show_run(app, &o);
    options.net = app->word[0];
    options.neuron = o.neuron;
    options.depth = o.depth[0] ? o.depth : NULL;
    options.classes = (int)o.classes;
    mye_model *model = NULL;
    if (mye_model_create(app->ctx, &options, &model, &err) != MYE_OK)
        return cli_fail(app, &err);
    code = show(app, model, &o);
    mye_model_free(model);
    return code;
}

const cli_command cli_cmd_show = {
    .entry = {.name = "show",
              .brief = "show the nodes of a network",
              .source = "",
              .params = params,
              .options_size = sizeof(show_options)},
    .usage = "NET|RUN|FILE.safetensors|FILE.onnx [options]",
    .details =
        "NET is notation (32C3-BN-LIF-MP2-FC10), a named network (see 'myelin list net') or "
        "a YAML file; RUN is the folder of a run, FILE.safetensors a checkpoint, FILE.onnx a "
        "network of another program.",
    .examples = "show 32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10\n"
                "show resnet18:width=0.5 --input 3x32x32 --classes 100\n"
                "# what learns together\n"
                "show resnet32 --input 3x32x32 --neuron relu --depth auglocal:a=2\n"
                "show vgg11 --input 3x32x32 --yaml > net.yaml",
    .words = "net",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
