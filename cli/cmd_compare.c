/* myelin compare: the same training with one thing changed, several times, as one table. */
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct compare_options {
    char seeds[400], rho[400], title[200];
    bool resume;
} compare_options;

static const mye_param params[] = {
    {.name = "seeds",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(compare_options, seeds),
     .size = 400,
     .def = "",
     .unit = "LIST",
     .help = "repeat every run with each of these seeds"},
    {.name = "rho",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(compare_options, rho),
     .size = 400,
     .def = "",
     .unit = "LIST",
     .help = "run every policy of --sample that has an option rho at each of these ratios"},
    {.name = "title",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(compare_options, title),
     .size = 200,
     .def = "",
     .unit = "TEXT",
     .help = "heading of the page"},
    {.name = "resume",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(compare_options, resume),
     .def = "no",
     .unit = "",
     .help = "go on in the folder --out: finished runs are kept"},
    CLI_END,
};

typedef struct comparison {
    cli *app;
    const compare_options *options;
    cli_axes axes;
    mye_config base;
    char folder[512];
    cli_outcome *result; /* [points][seeds] */
    char **run;          /* their folders   */
    json_t **gradient;   /* their last comparison of gradients, NULL: none */
    FILE *log;
    int n_done;
} comparison;

static int one(comparison *c, int point, int seed)
{
    const int at = point * c->axes.seeds.n + seed,
              all = cli_axes_points(&c->axes) * c->axes.seeds.n;
    const char *seed_text = c->axes.seeds.value[seed];
    cli_outcome *out = &c->result[at];
    char label[400], file[100];
    mye_config config = c->base;
    mye_error err = {0};
    cli_axes_label(&c->axes, point, label, sizeof(label));
    cli_axes_file(&c->axes, point, file, sizeof(file));
    c->run[at] = cli_format("%s/%02d-%s%s%s", c->folder, point + 1, file, seed_text[0] ? "-s" : "",
                            seed_text);
    cli_note(c->app, "run %d of %d: %s%s%s", ++c->n_done, all, label, seed_text[0] ? ", seed " : "",
             seed_text);
    if (c->options->resume && cli_outcome_read(c->folder, c->run[at], out)) {
        c->gradient[at] = cli_gradient_read(c->run[at]);
        return CLI_EXIT_OK;
    }
    snprintf(config.out, sizeof(config.out), "%s", c->run[at]);
    out->status = cli_axes_apply(&c->axes, point, seed_text, &config, &err);
    if (out->status != MYE_OK)
        return cli_fail(c->app, &err);
    char *checkpoint = cli_format("%s/last.safetensors", c->run[at]);
    cli_run_apart(c->app, &config, c->options->resume && access(checkpoint, R_OK) == 0, out);
    free(checkpoint);
    if (out->status == MYE_ERR_CANCELLED) {
        fprintf(stderr, "stopped; go on with the same command and --out %s --resume\n", c->folder);
        return CLI_EXIT_INTERRUPTED;
    }
    if (out->status == MYE_OK)
        c->gradient[at] = cli_gradient_read(c->run[at]);
    json_t *json = cli_outcome_json(out, label, seed_text, c->run[at], c->gradient[at]);
    json_dumpf(json, c->log, JSON_COMPACT);
    fputc('\n', c->log);
    fflush(c->log);
    if (c->app->global.json)
        cli_json(json);
    else
        json_decref(json);
    if (out->status != MYE_OK)
        cli_note(c->app, "  refused: %s", out->message);
    return CLI_EXIT_OK;
}

/* Mean and sample deviation of one number over the seeds that ended well. */
static int spread(const comparison *c, int point, size_t offset, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    int n = 0;
    for (int s = 0; s < c->axes.seeds.n; s++) {
        const cli_outcome *o = &c->result[point * c->axes.seeds.n + s];
        double value;
        memcpy(&value, (const char *)o + offset, sizeof(value));
        if (o->status == MYE_OK) {
            sum += value;
            squares += value * value;
            n++;
        }
    }
    *mean = n ? sum / n : 0;
    const double variance = n > 1 ? (squares - sum * *mean) / (n - 1) : 0;
    *deviation = variance > 0 ? sqrt(variance) : 0;
    return n;
}

static bool has_gradients(const comparison *c)
{
    for (int i = 0; i < cli_axes_points(&c->axes) * c->axes.seeds.n; i++) {
        if (c->gradient[i])
            return true;
    }
    return false;
}

static void table_row(const comparison *c, cli_table *t, int point)
{
    static const size_t bytes[] = {offsetof(cli_outcome, alone), offsetof(cli_outcome, kept),
                                   offsetof(cli_outcome, peak_rss)};
    double mean, deviation;
    for (int i = 0; i < c->axes.n && c->axes.axis[i].n > 1; i++)
        cli_cell(t, "%s", c->axes.axis[i].value[cli_axes_index(&c->axes, point, i)]);
    const bool depth = cli_depth_is_compared(&c->axes), sample = cli_sample_is_compared(&c->axes);
    const int n = spread(c, point, offsetof(cli_outcome, accuracy), &mean, &deviation);
    if (n == 0) {
        cli_cell(t, "failed");
        for (int i = 0; i < 5 + 2 * (depth + sample + has_gradients(c)); i++)
            cli_cell(t, "-");
        return;
    }
    if (n > 1)
        cli_cell(t, "%.2f ± %.2f %%", 100 * mean, 100 * deviation);
    else
        cli_cell(t, "%.2f %%", 100 * mean);
    spread(c, point, offsetof(cli_outcome, images_per_s), &mean, &deviation);
    cli_cell(t, "%s", cli_count(round(mean)).text);
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        spread(c, point, bytes[i], &mean, &deviation);
        cli_cell(t, "%s", cli_bytes((uint64_t)(mean > 0 ? mean : 0)).text);
    }
    spread(c, point, offsetof(cli_outcome, rate), &mean, &deviation);
    cli_cell(t, "%.3f", mean);
    if (depth)
        cli_depth_cells(t, c->result + point * c->axes.seeds.n, c->axes.seeds.n);
    if (sample)
        cli_sample_cells(t, c->result + point * c->axes.seeds.n, c->axes.seeds.n);
    if (has_gradients(c))
        cli_gradient_cells(t, c->gradient + point * c->axes.seeds.n, c->axes.seeds.n);
}

static void print_table(const comparison *c)
{
    char columns[1200] = "";
    for (int i = 0; i < c->axes.n && c->axes.axis[i].n > 1; i++) {
        const size_t n = strlen(columns);
        snprintf(columns + n, sizeof(columns) - n, "%s|", c->axes.axis[i].key);
    }
    const size_t n = strlen(columns);
    snprintf(columns + n, sizeof(columns) - n,
             ">test accuracy|>images/s|>planned|>kept|>process peak|>rate%s%s%s",
             cli_depth_is_compared(&c->axes) ? "|>modules|>step MACs" : "",
             cli_sample_is_compared(&c->axes) ? "|>visited|>train time" : "",
             has_gradients(c) ? "|>cosine|>norm ratio" : "");
    cli_table *t = cli_table_new(c->app, columns);
    for (int p = 0; p < cli_axes_points(&c->axes); p++)
        table_row(c, t, p);
    cli_table_print(t, stdout);
}

/* What the columns of memory hold. */
static void print_memory(const comparison *c)
{
    double most = 0;
    for (int i = 0; i < cli_axes_points(&c->axes) * c->axes.seeds.n; i++)
        most = fmax(most, c->result[i].cosine);
    if (c->result[0].data > 0)
        printf("\nprocess peak: with the program and the data set, %s, which a plan leaves out\n",
               cli_bytes((uint64_t)c->result[0].data).text);
    if (most > 0)
        printf("planned: without the comparison of gradients; that takes up to %s more, which the "
               "process peak holds\n",
               cli_bytes((uint64_t)most).text);
}

/* Firing rate of each layer, of the first seed. */
static void print_rates(const comparison *c)
{
    printf("\nspikes per neuron and step\n");
    for (int p = 0; p < cli_axes_points(&c->axes); p++) {
        const cli_outcome *o = &c->result[p * c->axes.seeds.n];
        char label[400];
        cli_axes_label(&c->axes, p, label, sizeof(label));
        const int width = cli_text_width(label) + 2;
        printf("%s  ", label);
        cli_wrap(stdout, o->status == MYE_OK ? o->rates : "-", width, width,
                 c->app->columns > 0 ? c->app->columns : 100);
        putchar('\n');
    }
}

static int finish(comparison *c)
{
    const int points = cli_axes_points(&c->axes), n_runs = points * c->axes.seeds.n;
    const char **good = cli_memory((size_t)n_runs, sizeof(*good));
    mye_error err = {0};
    int n = 0, code = cli_open(c->app, NULL);
    for (int i = 0; i < n_runs; i++) {
        if (c->result[i].status == MYE_OK)
            good[n++] = c->run[i];
    }
    char *page = cli_format("%s/compare.html", c->folder);
    if (!c->app->global.json) {
        print_table(c);
        print_memory(c);
        print_rates(c);
        if (has_gradients(c))
            cli_gradient_table(c->app, &c->axes, c->gradient);
    }
    const char *title = c->options->title[0] ? c->options->title : "Comparison";
    if (code == CLI_EXIT_OK && n > 0 &&
        mye_report_compare(c->app->ctx, good, n, title, page, &err) != MYE_OK)
        code = cli_fail(c->app, &err);
    else if (n > 0 && !c->app->global.json)
        printf("\npage  %s\n", page);
    free(page);
    free(good);
    return code != CLI_EXIT_OK ? code : n == n_runs ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

/* mkdir -p of the comparison's folder, and its log. */
static int make_folder(comparison *c)
{
    const time_t now = time(NULL);
    struct tm local;
    if (c->base.out[0])
        snprintf(c->folder, sizeof(c->folder), "%s", c->base.out);
    else if (localtime_r(&now, &local))
        strftime(c->folder, sizeof(c->folder), "runs/compare-%Y%m%d-%H%M%S", &local);
    for (char *slash = strchr(c->folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(c->folder, 0777);
        *slash = '/';
    }
    char *path = cli_format("%s/compare.jsonl", c->folder);
    const bool made = mkdir(c->folder, 0777) == 0 || errno == EEXIST;
    c->log = made ? fopen(path, c->options->resume ? "a" : "w") : NULL;
    free(path);
    if (c->log)
        return CLI_EXIT_OK;
    mye_error err = {.code = MYE_ERR_IO};
    snprintf(err.message, sizeof(err.message), "cannot write to the folder '%.200s': %s", c->folder,
             strerror(errno));
    return cli_fail(c->app, &err);
}

static int run_all(comparison *c)
{
    const int points = cli_axes_points(&c->axes);
    int code = make_folder(c);
    for (int s = 0; s < c->axes.seeds.n && code == CLI_EXIT_OK; s++) {
        for (int p = 0; p < points && code == CLI_EXIT_OK; p++)
            code = one(c, p, s);
    }
    return code == CLI_EXIT_OK ? finish(c) : code;
}

static int run(cli *app)
{
    compare_options o;
    comparison c = {.app = app, .options = &o};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_axes_read(app, o.seeds, o.rho, &c.axes);
    if (code != CLI_EXIT_OK)
        return code;
    cli single = *app;
    single.setting = c.axes.single;
    single.n_settings = c.axes.n_single;
    code = cli_config(&single, app->n_words > 0 ? app->word[0] : NULL, &c.base);
    const size_t n = (size_t)cli_axes_points(&c.axes) * (size_t)c.axes.seeds.n;
    c.result = cli_memory(n, sizeof(*c.result));
    c.run = cli_memory(n, sizeof(*c.run));
    c.gradient = cli_memory(n, sizeof(*c.gradient));
    if (code == CLI_EXIT_OK)
        code = run_all(&c);
    if (c.log)
        fclose(c.log);
    for (size_t i = 0; i < n; i++) {
        free(c.run[i]);
        json_decref(c.gradient[i]);
    }
    free(c.run);
    free(c.gradient);
    free(c.result);
    cli_axes_free(&c.axes);
    return code;
}

const cli_command cli_cmd_compare = {
    .entry = {.name = "compare",
              .brief = "train several variants with the same data and seeds, print one table",
              .source = "",
              .params = params,
              .options_size = sizeof(compare_options)},
    .usage = "[CONFIG.yaml] [options with lists]",
    .details =
        "Takes every option of train; any of them may be a list, and all combinations are run. "
        "Lists are separated by ',' (or by ';' where a value has commas of its own), or the option "
        "is repeated. The table shows the accuracy of the last epoch, mean and deviation over the "
        "seeds; each run is a process of its own, so its measured memory is its own. Where --depth "
        "is a list, it "
        "has modules and multiply-adds of a training step too; where --sample is one, the share of "
        "samples (times configured epochs) that was learned from, and the training time. With "
        "--cosine "
        "it also shows how each gradient compares with that of a reference, at the end and layer "
        "by "
        "layer.",
    .examples =
        "compare --data fashion-mnist --epochs 3 --time bptt,rate --seeds 1,2,3\n"
        "compare --net vgg11 --data cifar10 --T 2,4,6 --time bptt --time rate:mode=s\n"
        "# modules that learn by themselves: what they cost and save\n"
        "compare --net resnet20 --data cifar10 --depth 'global;auglocal:a=2;dgl' --epochs 5\n"
        "# where the gradients point, beside BPTT's\n"
        "compare --time bptt,rate,sltt,ottt --epochs 3 --cosine\n"
        "# policies of data pruning at several ratios, beside all of the data\n"
        "compare --sample all,random,infobatch,sadp --rho 0.3,0.5,0.7 --epochs 20 --seeds 1,2,3\n"
        "# methods with parameters\n"
        "compare --step \"sgd:lr=0.1,momentum=0.9;adam:lr=0.001\" --epochs 5 --out runs/steps",
    .words = "file",
    .max_words = 1,
    .config = true,
    .run = run,
};
