/* The run folder: its name, and the files that explain it. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "train/train.h"

mye_status mye_path_join(const char *folder, const char *name, char out[MYE_PATH_MAX],
                         mye_error *err)
{
    const int n = snprintf(out, MYE_PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= MYE_PATH_MAX)
        return mye_fail(err, MYE_ERR_IO, "the path '%.60s.../%s' is too long", folder, name);
    return MYE_OK;
}

/* The first letters and digits of a method or network, fit for a file name. */
static void plain_name(const char *text, size_t most, char *out)
{
    const char *slash = strrchr(text, '/');
    size_t n = 0;
    for (const char *c = slash ? slash + 1 : text; *c && *c != ':' && n < most; c++)
        out[n++] = isalnum((unsigned char)*c) ? *c : '-';
    while (n > 0 && out[n - 1] == '-')
        n--;
    out[n] = '\0';
}

static void choose_name(mye_config *config)
{
    char net[33], rule[17], date[32], first[sizeof config->out];
    struct tm tm;
    const time_t now = time(NULL);
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &tm);
    plain_name(config->net, sizeof net - 1, net);
    plain_name(config->time, sizeof rule - 1, rule);
    snprintf(first, sizeof first, "runs/%s-%s-%s", date, net, rule);
    memcpy(config->out, first, sizeof first);
    for (int i = 2; mye_dir_exists(config->out) && i < 1000; i++)
        snprintf(config->out, sizeof config->out, "%.480s-%d", first, i);
}

mye_status mye_folder_make(mye_config *config, mye_error *err)
{
    char path[MYE_PATH_MAX];
    if (!config->out[0])
        choose_name(config);
    MYE_TRY(mye_path_join(config->out, "last.safetensors", path, err));
    if (mye_file_exists(path)) {
        mye_fail(err, MYE_ERR_STATE, "the folder '%s' holds a run already", config->out);
        mye_hint(err, "continue it with --resume, or choose another folder with --out");
        return MYE_ERR_STATE;
    }
    return mye_dir_make(config->out, err);
}

mye_status mye_text_write(mye_context *ctx, const char *path, const char *text, mye_error *err)
{
    mye_file *file = NULL;
    MYE_TRY(mye_file_create(ctx, path, &file, err));
    const mye_status status = mye_file_write(file, text, strlen(text), err);
    if (status != MYE_OK) {
        mye_file_abandon(file);
        return status;
    }
    return mye_file_commit(file, err);
}

static mye_status write_config(mye_context *ctx, const mye_config *config, mye_error *err)
{
    char path[MYE_PATH_MAX], *text = NULL;
    mye_config shown = *config;
    /* The folder has its own copy of the network: it may be moved, and the file may change. */
    if (mye_config_net_is_file(config->net))
        snprintf(shown.net, sizeof shown.net, "net.yaml");
    MYE_TRY(mye_path_join(config->out, "config.yaml", path, err));
    MYE_TRY(mye_config_text(ctx, &shown, &text, err));
    const mye_status status = mye_text_write(ctx, path, text, err);
    mye_text_release(ctx, text);
    return status;
}

static mye_status write_net(mye_context *ctx, const char *folder, const mye_model *model,
                            mye_error *err)
{
    char path[MYE_PATH_MAX], *text = NULL;
    MYE_TRY(mye_path_join(folder, "net.yaml", path, err));
    MYE_TRY(mye_model_yaml(model, &text, err));
    const mye_status status = mye_text_write(ctx, path, text, err);
    mye_model_text_free(model, text);
    return status;
}

static const char readme[] =
    "This folder is one training run of Myelin.\n"
    "\n"
    "config.yaml       every setting; `myelin train config.yaml` repeats the run\n"
    "net.yaml          the network\n"
    "metrics.jsonl     one JSON object a line: \"start\", one \"epoch\" each, \"end\"\n"
    "last.safetensors  weights, optimiser, counters and settings of the last epoch\n"
    "best.safetensors  the same of the epoch with the best test accuracy\n"
    "scores.csv        where the sample policy has them: last score of each training sample\n"
    "report.html       curves and firing rates\n"
    "\n"
    "Continue:  myelin train --resume --out FOLDER\n"
    "Test:      myelin eval FOLDER\n"
    "The .safetensors files open in any program that reads this format; a weight is named\n"
    "<node>.<role>, in the usual layout ([O][I][kh][kw] and [O][I]).\n";

mye_status mye_folder_describe(mye_context *ctx, const mye_config *config, const mye_model *model,
                               mye_error *err)
{
    char path[MYE_PATH_MAX];
    MYE_TRY(write_config(ctx, config, err));
    MYE_TRY(write_net(ctx, config->out, model, err));
    MYE_TRY(mye_path_join(config->out, "README.txt", path, err));
    return mye_text_write(ctx, path, readme, err);
}
