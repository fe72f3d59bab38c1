/* myelin synapse show: what spike patterns hold, and a picture of one. */
#include "synapse.h"

#include <stdlib.h>

enum { ROWS_MAX = 20, WIDTH_MAX = 100 };

typedef struct show_options {
    cli_patterns_source source;
    int64_t pattern;
} show_options;

static const mye_param params[] = {
    CLI_PATTERNS_ROWS(show_options),
    {.name = "pattern",
     .type = MYE_PARAM_INT,
     .offset = offsetof(show_options, pattern),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .unit = "",
     .help = "number of the pattern that is drawn"},
    CLI_END,
};

/* Counts of spikes: rows are neighbouring afferents, columns are times. */
typedef struct raster {
    int rows, columns;
    int32_t units;
    double length_ms;
    int64_t *count; /* [rows][columns] */
    int64_t largest;
} raster;

static raster count_spikes(const mye_pattern *p, int32_t units, int columns)
{
    raster r = {.rows = units < ROWS_MAX ? units : ROWS_MAX,
                .columns = columns,
                .units = units,
                .length_ms = p->window_ms};
    if (p->n > 0 && p->spike[p->n - 1].t_ms > r.length_ms)
        r.length_ms = p->spike[p->n - 1].t_ms;
    r.count = cli_memory((size_t)r.rows * (size_t)columns, sizeof(*r.count));
    for (int64_t i = 0; i < p->n; i++) {
        const mye_spike *s = &p->spike[i];
        const double share = r.length_ms > 0 ? s->t_ms / r.length_ms : 0;
        const int x = share < 1 ? (int)(share * columns) : columns - 1;
        const int y = (int)((int64_t)s->unit * r.rows / units);
        const int64_t n = ++r.count[y * columns + x];
        r.largest = n > r.largest ? n : r.largest;
    }
    return r;
}

/* First afferent of a row. */
static int32_t row_begin(const raster *r, int y)
{
    return (int32_t)(((int64_t)y * r->units + r->rows - 1) / r->rows);
}

static void print_row(const raster *r, int y, int digits)
{
    static const char shade[] = ".:-=+*#%@";
    const int n = (int)sizeof(shade) - 1;
    const int32_t first = row_begin(r, y), last = row_begin(r, y + 1) - 1;
    if (first < last)
        printf("  %*d-%-*d |", digits, first, digits, last);
    else
        printf("  %*d %*s |", digits, first, digits, "");
    for (int x = 0; x < r->columns; x++) {
        const int64_t count = r->count[y * r->columns + x];
        putchar(count > 0 ? shade[(count * n - 1) / r->largest] : ' ');
    }
    puts("|");
}

static int digits_of(int32_t number)
{
    int n = 1;
    while (number >= 10) {
        number /= 10;
        n++;
    }
    return n;
}

static void draw(const cli *app, const mye_pattern *p, int32_t units)
{
    const int digits = digits_of(units - 1), margin = 2 * digits + 6;
    const int room = (app->columns > 40 ? app->columns : 80) - margin;
    raster r = count_spikes(p, units, room < WIDTH_MAX ? room : WIDTH_MAX);
    char end[32];
    const int n = snprintf(end, sizeof(end), "%.6g ms", r.length_ms);
    for (int y = 0; y < r.rows; y++)
        print_row(&r, y, digits);
    printf("%*s0%*s\n", margin - 1, "", r.columns - 1 > n ? r.columns - 1 : n, end);
    if (r.largest > 1)
        printf("  the darkest place has %lld spikes\n", (long long)r.largest);
    free(r.count);
}

static json_t *pattern_json(const mye_pattern *p, int64_t number)
{
    json_t *spikes = json_array();
    for (int64_t i = 0; i < p->n; i++)
        json_array_append_new(spikes, json_pack("[f,i,f]", p->spike[i].t_ms, p->spike[i].unit,
                                                (double)p->spike[i].c));
    return json_pack("{s:I,s:i,s:i,s:o,s:o}", "number", (json_int_t)number, "label", p->label,
                     "group", p->group, "window_ms", cli_real(p->window_ms), "spikes", spikes);
}

static void tell(const cli *app, const mye_patterns *set, int64_t number)
{
    cli_patterns_facts facts = cli_patterns_look(set);
    const mye_patterns_info *about = facts.about;
    const bool has_one = about->n > 0;
    const mye_pattern p = has_one ? mye_patterns_at(set, number) : (mye_pattern){0};
    if (app->global.json) {
        json_t *object = cli_patterns_json(&facts);
        if (has_one)
            json_object_set_new(object, "pattern", pattern_json(&p, number));
        cli_json(object);
    } else {
        cli_patterns_print(app, &facts);
        if (has_one)
            printf("\npattern %lld: class %s, %lld spikes, window %.6g ms\n", (long long)number,
                   about->class_name[p.label], (long long)p.n, p.window_ms);
        if (p.n > 0)
            draw(app, &p, about->units);
    }
    cli_patterns_facts_free(&facts);
}

static int run(cli *app)
{
    show_options o;
    mye_patterns *set = NULL;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK)
        code = cli_patterns_open(app, app->word[0], &o.source, &set);
    if (code != CLI_EXIT_OK)
        return code;
    const int64_t n = mye_patterns_about(set)->n;
    if (o.pattern >= n && (n > 0 || cli_given(app, "pattern")))
        code = cli_usage(app, "", "--pattern %lld: there are %lld patterns, the first is 0",
                         (long long)o.pattern, (long long)n);
    else
        tell(app, set, o.pattern);
    mye_patterns_free(set);
    return code;
}

const cli_command cli_synapse_show = {
    .entry = {.name = "synapse show",
              .brief = "show what spike patterns hold, and draw one",
              .source = "",
              .params = params,
              .options_size = sizeof(show_options)},
    .usage = "FILE|SOURCE [options]",
    .details =
        "FILE is a file of NumPy, .npz or .npy; SOURCE a method: 'myelin list pattern'. In the "
        "picture a row is a number of neighbouring afferents and a column a time; the more "
        "spikes, the darker. --json lists the spikes of the pattern as [ms, afferent, "
        "coefficient].",
    .examples = "synapse show patterns.npz --pattern 3\n"
                "synapse show single:units=40,times=shared --seed 7",
    .words = "pattern",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
