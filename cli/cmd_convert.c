/* myelin convert: spiking networks from a trained one without spikes, measured side by side. */
#include "convert.h"

#include <string.h>

static const mye_param params[] = {
    {.name = "method",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, method),
     .size = 1024,
     .def = "max,p99.9,ter,aug",
     .unit = "LIST",
     .help = "ways to convert, see 'myelin list convert'"},
    {.name = "steps",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, steps),
     .size = 400,
     .def = "1..64",
     .unit = "LIST",
     .help = "time steps to measure at: 1,2,3,8, doublings 1..64, every step 1..64+1"},
    {.name = "data",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, data),
     .size = MYE_METHOD_MAX,
     .def = "",
     .unit = "METHOD",
     .help = "the data set; empty = that of the training"},
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "where to look first"},
    {.name = "net",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, net),
     .size = 2048,
     .def = "",
     .unit = "NET",
     .help = "network of a file that holds weights only"},
    {.name = "normalise",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, normalise),
     .size = sizeof((cli_convert_options *)NULL)->normalise,
     .def = "",
     .unit = "HOW",
     .help = "scaling of pixels before the network: data, none or MEAN/DEVIATION (0.5/0.25; a "
             "number each or one for each channel); empty: as the file says, none for ONNX"},
    {.name = "input",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(cli_convert_options, input),
     .def = "direct",
     .choices = "direct|rate",
     .unit = "",
     .help = "the image itself at every step, or random spikes at its rate"},
    {.name = "calibrate",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, calibrate),
     .def = "1000",
     .min = 1,
     .max = 1e9,
     .unit = "images",
     .help = "training images that thresholds are measured on"},
    {.name = "limit",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, limit),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .unit = "images",
     .help = "test images, 0 = all"},
    {.name = "batch",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, batch),
     .def = "100",
     .min = 1,
     .max = 65536,
     .unit = "images",
     .help = "images at a time"},
    {.name = "seed",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, seed),
     .def = "1",
     .min = 0,
     .max = 1e15,
     .unit = "",
     .help = "of random input"},
    {.name = "stop_stable",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, stop_stable),
     .def = "0",
     .min = 0,
     .max = CLI_STEPS_MAX,
     .unit = "steps",
     .help = "an image has decided when its class stayed for so many steps; a batch stops when all "
             "have; 0 = never"},
    {.name = "stop_confidence",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(cli_convert_options, stop_confidence),
     .def = "0",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "the same when the probability of its class reaches this, 0 = never"},
    {.name = "verify",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_convert_options, verify),
     .def = "no",
     .unit = "",
     .help = "set neuron exact beside the quantised ANN, spike count by spike count"},
    {.name = "verify_images",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_convert_options, verify_images),
     .def = "256",
     .min = 0,
     .max = 1e9,
     .unit = "images",
     .help = "test images of --verify, 0 = all"},
    {.name = "events",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, events),
     .size = 32,
     .def = "",
     .unit = "SHARE",
     .help = "choose levels layer by layer for so many of the first method's events, as in 0.5x"},
    {.name = "out",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_convert_options, out),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "keep the networks, their figures and a page here"},
    CLI_END,
};

/* The options, as far as they can be judged before anything is read. */
static int read_options(cli_convert_job *j)
{
    int code = cli_options(j->app, &j->o);
    if (code == CLI_EXIT_OK)
        code = cli_convert_steps_read(j->app, j->o.steps, &j->c.steps);
    if (code == CLI_EXIT_OK && j->o.events[0])
        code = cli_convert_share_read(j->app, j->o.events, &j->share);
    if (code == CLI_EXIT_OK && cli_given(j->app, "verify_images") && !j->o.verify)
        code = cli_usage(j->app, "add --verify", "--verify-images belongs to --verify");
    for (size_t n = strlen(j->o.out); n > 1 && j->o.out[n - 1] == '/'; n--)
        j->o.out[n - 1] = '\0';
    if (code == CLI_EXIT_OK)
        code = cli_convert_folder_check(j->app, j->o.out);
    if (code == CLI_EXIT_OK)
        code = cli_open(j->app, NULL);
    if (code == CLI_EXIT_OK)
        code = cli_convert_methods_read(j->app, mye_kind_find("convert"), j->o.method, &j->methods);
    return code;
}

static int run(cli *app)
{
    cli_convert_job *j = cli_memory(1, sizeof(*j)); /* a list of steps is long */
    j->app = j->c.app = app;
    j->c.folder = j->o.out;
    int code = read_options(j);
    if (code == CLI_EXIT_OK)
        code = cli_convert_work(j);
    cli_convert_free(j);
    return code;
}

const cli_command cli_cmd_convert = {
    .entry = {.name = "convert",
              .brief = "turn a trained ANN into spiking networks and measure them",
              .source = "",
              .params = params,
              .options_size = sizeof(cli_convert_options)},
    .usage = "RUN|FILE.safetensors|FILE.onnx [options]",
    .details =
        "Folds batch normalisation, measures thresholds on training images and converts a network "
        "of ReLU neurons by every method of the list, without training. Prints accuracy after T "
        "steps, events and operations, the energy of the arithmetic beside that of the network "
        "itself, and the error of each layer. --verify proves neuron exact equal to the quantised "
        "network (exit code 1 if it is not). --events 0.5x adds a network whose levels were chosen "
        "layer by layer to send half of the events of the first method that has levels. A list of "
        "methods is separated by ',' (or by ';' where a value has commas of its own).",
    .examples = "convert runs/relu\n"
                "convert runs/relu --method max,p99.9:v0=0.5,aug:levels=16,v0=0.5 --steps "
                "1,2,4,8,16,32\n"
                "convert net.onnx --data fashion-mnist --limit 1000 --out runs/spiking\n"
                "# weights alone, with the network that they belong to\n"
                "convert w.safetensors --net 16C5-RELU-AP2-FC10 --data fashion-mnist\n"
                "# the same spike counts as the quantised network, at every T\n"
                "convert runs/relu --method exact:levels=16,v0=0.5 --steps 1..8+1 --verify\n"
                "# half of the events, and images that stop once they have decided\n"
                "convert runs/relu --method aug --events 0.5x --stop-stable 3",
    .words = "run",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
