/* What happens before a command does its work: context, configuration, shapes, Ctrl-C. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The only writable globals of the tool: a signal handler has no other way. */
static mye_context *volatile signal_ctx;
static volatile sig_atomic_t signal_count;

static void on_interrupt(int number)
{
    static const char message[] =
        "\nstopping after this step; press Ctrl-C again to stop at once\n";
    (void)number;
    if (signal_count++ > 0 || !signal_ctx)
        _exit(CLI_EXIT_INTERRUPTED);
    mye_context_cancel(signal_ctx);
    if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
        return;
}

bool cli_interrupted(void)
{
    return signal_count > 0;
}

int cli_open(cli *app, const mye_config *config)
{
    mye_error err = {0};
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = (int)(config ? config->threads : app->global.threads);
    const char *kernels = config ? config->kernels : app->global.kernels;
    options.kernels = kernels[0] ? kernels : NULL;
    options.conv = app->global.conv[0] ? app->global.conv : NULL;
    if (mye_context_create(&options, &app->ctx, &err) != MYE_OK)
        return cli_fail(app, &err);
    signal_ctx = app->ctx;
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return CLI_EXIT_OK;
}

void cli_close(cli *app)
{
    signal_ctx = NULL;
    mye_context_free(app->ctx);
    app->ctx = NULL;
}

/* --data /path/to/fashion-mnist: the folder's name says what it holds. */
static mye_status data_folder(mye_config *config, mye_error *err)
{
    struct stat info;
    if (config->data_dir[0] || stat(config->data, &info) != 0 || !S_ISDIR(info.st_mode))
        return MYE_OK;
    const mye_kind *kind = mye_kind_find("dataset");
    const mye_entry *entry;
    char folder[sizeof(config->data)];
    snprintf(folder, sizeof(folder), "%s", config->data);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
        folder[n - 1] = '\0';
    const char *name = strrchr(folder, '/');
    name = name ? name + 1 : folder;
    if (!kind || strcmp(name, config->data) == 0)
        return MYE_OK;
    if (mye_kind_entry(kind, name, &entry, NULL) != MYE_OK)
        name = "folder";
    MYE_TRY(mye_config_set(config, "data_dir", folder, err));
    return mye_config_set(config, "data", name, err);
}

static mye_status apply(const cli *app, mye_config *config, mye_error *err)
{
    for (int i = 0; i < app->n_settings; i++) {
        const cli_setting *s = &app->setting[i];
        if (s->origin != CLI_CONFIG)
            continue;
        const bool is_folder =
            strcmp(s->key, "data") == 0 && strchr(s->value, '/') && !strchr(s->value, ':');
        if (is_folder) { /* not a method: look at it afterwards */
            snprintf(config->data, sizeof(config->data), "%s", s->value);
            continue;
        }
        MYE_TRY(mye_config_set(config, s->key, s->value, err));
    }
    return data_folder(config, err);
}

int cli_config(cli *app, const char *file, mye_config *config)
{
    mye_error err = {0};
    mye_context *ctx = NULL;
    mye_context_options one = MYE_CONTEXT_OPTIONS;
    one.threads = 1;
    mye_status st = mye_config_default(config, &err);
    if (st == MYE_OK && file) {
        st = mye_context_create(&one, &ctx, &err);
        if (st == MYE_OK)
            st = mye_config_read(ctx, config, file, &err);
        mye_context_free(ctx);
    }
    if (st == MYE_OK)
        st = apply(app, config, &err);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

int cli_shape(cli *app, const char *text, int *C, int *H, int *W)
{
    int used = 0;
    *H = *W = 1;
    const int n = sscanf(text, "%7dx%7dx%7d%n", C, H, W, &used);
    const bool vector = n == 1 && strspn(text, "0123456789") == strlen(text);
    if ((!vector && (n != 3 || text[used])) || *C < 1 || *H < 1 || *W < 1)
        return cli_usage(app, "write CHANNELSxHEIGHTxWIDTH, for example --input 3x32x32",
                         "'%.80s' is not the shape of an input", text);
    return CLI_EXIT_OK;
}

int cli_encoder(cli *app, const mye_config *config, int frames)
{
    if (frames > 0 && strncmp(config->encoder, "direct", 6) != 0)
        return cli_usage(app, "use encoder direct",
                         "encoder '%.80s' makes steps of an image, but the samples are frames",
                         config->encoder);
    return CLI_EXIT_OK;
}

mye_status cli_model_build(const cli *app, const mye_config *config, const int shape[3], int frames,
                           int classes, mye_model **model, mye_error *err)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    options.net = config->net;
    options.neuron = config->neuron;
    options.C = shape[0];
    options.H = shape[1];
    options.W = shape[2];
    options.classes = classes;
    options.seed = (uint64_t)config->seed;
    options.depth = config->depth;
    options.for_planning = true;
    options.static_input = frames == 0 && strncmp(config->encoder, "direct", 6) == 0;
    return mye_model_create(app->ctx, &options, model, err);
}

int cli_model(cli *app, const mye_config *config, const int shape[3], int frames, int classes,
              mye_model **model)
{
    mye_error err = {0};
    const int code = cli_encoder(app, config, frames);
    if (code != CLI_EXIT_OK)
        return code;
    if (cli_model_build(app, config, shape, frames, classes, model, &err) != MYE_OK)
        return cli_fail(app, &err);
    return CLI_EXIT_OK;
}
