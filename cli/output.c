/* What is printed: errors, remarks, short numbers, JSON lines. */
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const int exit_codes[] = {
    [MYE_OK] = CLI_EXIT_OK,
    [MYE_ERR_ARG] = CLI_EXIT_USAGE,
    [MYE_ERR_SHAPE] = CLI_EXIT_USAGE,
    [MYE_ERR_NOMEM] = CLI_EXIT_MEMORY,
    [MYE_ERR_IO] = CLI_EXIT_DATA,
    [MYE_ERR_FORMAT] = CLI_EXIT_DATA,
    [MYE_ERR_UNSUPPORTED] = CLI_EXIT_USAGE,
    [MYE_ERR_NUMERIC] = CLI_EXIT_FAILED,
    [MYE_ERR_STATE] = CLI_EXIT_FAILED,
    [MYE_ERR_CANCELLED] = CLI_EXIT_INTERRUPTED,
};

const char *cli_paint(bool color, const char *code)
{
    static const struct {
        const char *code, *sequence;
    } table[] = {
        {"bold", "\033[1m"},   {"dim", "\033[2m"},     {"red", "\033[1;31m"},
        {"green", "\033[32m"}, {"yellow", "\033[33m"}, {"cyan", "\033[36m"},
    };
    for (size_t i = 0; color && i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].code, code) == 0)
            return table[i].sequence;
    }
    return "";
}

const char *cli_plain(bool color)
{
    return color ? "\033[0m" : "";
}

int cli_fail(const cli *app, const mye_error *err)
{
    const bool color = app->color_err;
    fflush(stdout);
    if (err->code != MYE_ERR_CANCELLED) {
        fprintf(stderr, "%serror:%s %s\n", cli_paint(color, "red"), cli_plain(color),
                err->message[0] ? err->message : mye_status_name(err->code));
        if (err->hint[0])
            fprintf(stderr, "%shint:%s %s\n", cli_paint(color, "cyan"), cli_plain(color),
                    err->hint);
    }
    return err->code == MYE_OK ? CLI_EXIT_FAILED : exit_codes[err->code];
}

int cli_usage(const cli *app, const char *hint, const char *format, ...)
{
    mye_error err = {.code = MYE_ERR_ARG};
    va_list args;
    va_start(args, format);
    vsnprintf(err.message, sizeof(err.message), format, args);
    va_end(args);
    snprintf(err.hint, sizeof(err.hint), "%s", hint ? hint : "");
    return cli_fail(app, &err);
}

void cli_note(const cli *app, const char *format, ...)
{
    if (app->global.quiet)
        return;
    va_list args;
    va_start(args, format);
    fputs(cli_paint(app->color_err, "dim"), stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, "%s\n", cli_plain(app->color_err));
    va_end(args);
}

void *cli_memory(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block) {
        fputs("error: not enough memory\n", stderr);
        exit(CLI_EXIT_MEMORY);
    }
    return block;
}

char *cli_format(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *out = cli_memory((size_t)(n < 0 ? 0 : n) + 1, 1);
    if (n > 0)
        vsnprintf(out, (size_t)n + 1, format, again);
    va_end(again);
    return out;
}

cli_short cli_bytes(uint64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    cli_short s;
    double value = (double)bytes;
    int i = 0;
    while (value >= 1024 && i < 5) {
        value /= 1024;
        i++;
    }
    snprintf(s.text, sizeof(s.text), "%.*f %s", i == 0 ? 0 : value < 100 ? 2 : 1, value, unit[i]);
    return s;
}

cli_short cli_seconds(double seconds)
{
    cli_short s;
    const long long whole = isfinite(seconds) && seconds > 0 ? (long long)(seconds + 0.5) : 0;
    if (seconds < 0.1)
        snprintf(s.text, sizeof(s.text), "%.1f ms", seconds * 1e3);
    else if (seconds < 60)
        snprintf(s.text, sizeof(s.text), "%.1f s", seconds);
    else if (seconds < 3600)
        snprintf(s.text, sizeof(s.text), "%lld:%02lld min", whole / 60, whole % 60);
    else
        snprintf(s.text, sizeof(s.text), "%lld:%02lld h", whole / 3600, whole / 60 % 60);
    return s;
}

cli_short cli_count(double value)
{
    static const char *const unit[] = {"", " k", " M", " G", " T", " P"};
    cli_short s;
    int i = 0;
    while (fabs(value) >= (i == 0 ? 100000 : 1000) && i < 5) {
        value /= 1000;
        i++;
    }
    if (i == 0 && value == floor(value))
        snprintf(s.text, sizeof(s.text), "%.0f", value);
    else
        snprintf(s.text, sizeof(s.text), "%.*f%s",
                 fabs(value) < 10     ? 2
                 : fabs(value) < 1000 ? 1
                                      : 0,
                 value, unit[i]);
    return s;
}

cli_short cli_percent(double share)
{
    cli_short s;
    if (isfinite(share))
        snprintf(s.text, sizeof(s.text), "%.2f %%", 100 * share);
    else
        snprintf(s.text, sizeof(s.text), "-");
    return s;
}

void cli_json(json_t *object)
{
    if (!object || json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12)) != 0) {
        fputs("error: not enough memory\n", stderr);
        exit(CLI_EXIT_MEMORY);
    }
    json_decref(object);
    putchar('\n');
    fflush(stdout);
}

json_t *cli_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
