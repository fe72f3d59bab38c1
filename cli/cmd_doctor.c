/* myelin doctor: is this machine ready? One line for each thing that training needs. */
#include "cli.h"

#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct doctor_options {
    char data_dir[512];
} doctor_options;

static const mye_param params[] = {
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(doctor_options, data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "where to look first for data sets"},
    CLI_END,
};

/* `hint` empty: fine. */
static void line(const cli *app, const char *what, const char *hint, const char *format, ...)
    MYE_PRINTF(4, 5);
static void line(const cli *app, const char *what, const char *hint, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const bool ok = !hint[0];
    if (app->global.json) {
        cli_json(
            json_pack("{s:s,s:b,s:s,s:s}", "check", what, "ok", ok, "text", text, "hint", hint));
        return;
    }
    printf("%s%-4s%s  %-9s  %s\n", cli_paint(app->color_out, ok ? "green" : "yellow"),
           ok ? "ok" : "warn", cli_plain(app->color_out), what, text);
    if (!ok)
        printf("%17s%shint: %s%s\n", "", cli_paint(app->color_out, "dim"), hint,
               cli_plain(app->color_out));
}

static void check_cpu(const cli *app)
{
    char name[128] = "unknown processor", text[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(text, sizeof(text), f)) {
        const char *colon = strncmp(text, "model name", 10) == 0 ? strchr(text, ':') : NULL;
        if (colon) {
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (f)
        fclose(f);
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    line(app, "processor",
         avx2 ? "" : "without AVX2 the plain vector kernels are used: right, but slower", "%s (%s)",
         name,
         avx512 ? "AVX-512"
         : avx2 ? "AVX2"
                : "no AVX2");
#else
    line(app, "processor", "", "%s", name);
#endif
}

static void check_kernels(const cli *app)
{
    const char *set = mye_context_kernels(app->ctx);
    const bool slow = strcmp(set, "ref") == 0;
    line(app, "kernels", slow ? "the reference kernels are for tests: unset MYELIN_KERNELS" : "",
         "%s", set);
}

static void check_threads(const cli *app)
{
    const int threads = mye_context_threads(app->ctx);
    int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        processors = CPU_COUNT(&set);
    line(app, "threads",
         threads > processors ? "more threads than processors slow each other down: --threads" : "",
         "%d, on %d processor%s", threads, processors, processors == 1 ? "" : "s");
}

static uint64_t number_in(const char *path, const char *key)
{
    char text[256];
    unsigned long long value = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(text, sizeof(text), f)) {
        const size_t n = strlen(key);
        if (strncmp(text, key, n) == 0) {
            value = strtoull(text + n, NULL, 10);
            break;
        }
    }
    if (f)
        fclose(f);
    return value;
}

static void check_memory(const cli *app)
{
    uint64_t free_bytes = 1024 * number_in("/proc/meminfo", "MemAvailable:");
    const uint64_t total = 1024 * number_in("/proc/meminfo", "MemTotal:");
    const uint64_t limit = number_in("/sys/fs/cgroup/memory.max", "");
    const uint64_t used = number_in("/sys/fs/cgroup/memory.current", "");
    const bool limited = limit > 0 && limit < total;
    if (limited && limit - used < free_bytes)
        free_bytes = limit > used ? limit - used : 0;
    line(app, "memory",
         free_bytes < (1u << 29) ? "little is free: 'myelin plan' tells what a run needs" : "",
         "%s free of %s", cli_bytes(free_bytes).text, cli_bytes(limited ? limit : total).text);
}

static void check_data(const cli *app, const char *dir)
{
    const mye_kind *kind = mye_kind_find("dataset");
    char found[400] = "";
    for (const mye_entry *const *e = kind ? kind->entries : NULL; e && *e; e++) {
        mye_dataset *data = NULL;
        mye_error err = {0};
        const bool is_open =
            mye_dataset_open(app->ctx, (*e)->name, dir, "test", &data, &err) == MYE_OK;
        /* Those without a licence are formats that read any folder. */
        if (is_open && mye_dataset_about(data)->licence[0]) {
            const size_t n = strlen(found);
            snprintf(found + n, sizeof(found) - n, "%s%s", n ? ", " : "", (*e)->name);
        }
        mye_dataset_free(data);
    }
    line(app, "data sets",
         found[0] ? "" : "put one into $MYELIN_DATA/NAME, or apt install dataset-fashion-mnist",
         "%s", found[0] ? found : "none found");
}

static void check_folder(const cli *app)
{
    const bool ok = access(".", W_OK) == 0;
    line(app, "folder", ok ? "" : "runs are written to runs/ in this folder: use --out elsewhere",
         "the current folder is %swritable", ok ? "" : "not ");
}

static int run(cli *app)
{
    doctor_options o;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    check_cpu(app);
    check_kernels(app);
    check_threads(app);
    check_memory(app);
    check_data(app, o.data_dir);
    check_folder(app);
    return CLI_EXIT_OK;
}

const cli_command cli_cmd_doctor = {
    .entry = {.name = "doctor",
              .brief = "check this machine: processor, kernels, memory, data sets",
              .source = "",
              .params = params,
              .options_size = sizeof(doctor_options)},
    .usage = "[options]",
    .details = "Each line is ok, or warn with a hint.",
    .examples = "doctor\n"
                "doctor --json",
    .words = "",
    .run = run,
};
