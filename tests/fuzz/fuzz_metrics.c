/*
 * Any bytes as the metrics of a run: pruned as for going on, and made into a report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "limited.h"
#include "train/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void in_folder(const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", folder, name);
}

static void remove_folder(void)
{
    static const char *const names[] = {"metrics.jsonl", "report.html"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        in_folder(names[i], path);
        unlink(path);
    }
    rmdir(folder);
}

/* In memory where the system has such a place: thousands of files a second are flushed. */
static void make_folder(void)
{
    snprintf(folder, sizeof folder, "%s/myelin-metrics-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL)
        abort();
    atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[128];
    mye_metrics_totals totals;
    mye_error err = {0};
    if (folder[0] == '\0')
        make_folder();
    in_folder("metrics.jsonl", path);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    mye_context *ctx = limited_context();
    (void)mye_report_run(ctx, folder, &err);
    if (mye_metrics_prune(ctx, folder, 3, &totals, &err) != MYE_OK && err.message[0] == '\0')
        abort();
    limited_free(ctx);
    return 0;
}
