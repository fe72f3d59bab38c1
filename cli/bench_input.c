#include "bench_input.h"

#include <stdlib.h>
#include <string.h>

static mye_status read_all(const mye_dataset *set, int64_t size, cli_images *out, mye_error *err)
{
    const mye_dataset_info *info = mye_dataset_about(set);
    for (int64_t i = 0; i < out->n; i++) {
        float *pixel = out->image + i * size;
        int label;
        MYE_TRY(mye_dataset_read(set, i, pixel, &label, err));
        out->label[i] = label;
        for (int64_t j = 0; j < size; j++) {
            const int64_t c = j % info->C < 4 ? j % info->C : 3;
            pixel[j] = (pixel[j] - info->mean[c]) / info->deviation[c];
        }
    }
    return MYE_OK;
}

mye_status cli_images_read(const cli *app, const char *data, const char *dir, int T, int64_t n,
                           mye_model_options *model, cli_images *out, mye_error *err)
{
    mye_dataset *set = NULL;
    MYE_TRY(mye_dataset_open_steps(app->ctx, data, *dir ? dir : NULL, "train", T, &set, err));
    const mye_dataset_info *info = mye_dataset_about(set);
    const int64_t size = (int64_t)mye_dataset_sample_size(info);
    model->C = info->C;
    model->H = info->H;
    model->W = info->W;
    model->classes = info->classes;
    model->static_input = info->frames == 0;
    out->frames = info->frames;
    out->n = n < info->n ? n : info->n;
    out->image = cli_memory((size_t)(out->n * size), sizeof *out->image);
    out->label = cli_memory((size_t)out->n, sizeof *out->label);
    const mye_status status = read_all(set, size, out, err);
    mye_dataset_free(set);
    return status;
}

static size_t process_bytes(const char *key)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtoull(line + strlen(key), NULL, 10);
    if (f)
        (void)fclose(f);
    return kib * 1024;
}

size_t cli_resident_bytes(void)
{
    return process_bytes("VmRSS:");
}

size_t cli_peak_bytes(void)
{
    return process_bytes("VmHWM:");
}

void cli_restart_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f)
        return; /* the peak then counts from the start */
    (void)fputs("5", f);
    (void)fclose(f);
}
