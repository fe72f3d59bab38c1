/* What `myelin compare --cosine` shows: each run's gradient beside that of a reference. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Read from the run's folder and not through its pipe: a network may have any number of layers, and
 * runs that an earlier session finished are there too. */
json_t *cli_gradient_read(const char *folder)
{
    json_t *last = NULL;
    char *path = cli_format("%s/metrics.jsonl", folder), *line = NULL;
    size_t room = 0;
    FILE *f = fopen(path, "r");
    while (f && getline(&line, &room, f) > 0) {
        if (strncmp(line, "{\"event\":\"cosine\"", 17) != 0)
            continue;
        json_t *event = json_loads(line, 0, NULL);
        if (!event)
            continue;
        json_decref(last);
        last = event;
    }
    if (f)
        fclose(f);
    free(line);
    free(path);
    if (last)
        json_object_del(last, "event");
    return last;
}

/* Which number: a key of the event, or a place in the pair of a layer. */
typedef struct what {
    const char *key, *layer;
    size_t place;
} what;

static double mean_of(json_t *const *gradient, int n, what w)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
        const json_t *layers = json_object_get(gradient[i], "layers");
        const json_t *value = w.key ? json_object_get(gradient[i], w.key)
                                    : json_array_get(json_object_get(layers, w.layer), w.place);
        if (json_is_number(value)) {
            sum += json_number_value(value);
            count++;
        }
    }
    return count > 0 ? sum / count : (double)NAN;
}

static void number(char *out, size_t size, double value)
{
    if (isfinite(value))
        snprintf(out, size, "%.3f", value);
    else
        snprintf(out, size, "-");
}

void cli_gradient_cells(cli_table *t, json_t *const *gradient, int n)
{
    static const char *const key[] = {"cosine", "norm_ratio"};
    for (int k = 0; k < 2; k++) {
        char text[32];
        number(text, sizeof(text), mean_of(gradient, n, (what){.key = key[k]}));
        cli_cell(t, "%s", text);
    }
}

static void layer_cell(cli_table *t, json_t *const *gradient, int n, const char *layer)
{
    char cosine[32], ratio[32];
    number(cosine, sizeof(cosine), mean_of(gradient, n, (what){.layer = layer, .place = 0}));
    number(ratio, sizeof(ratio), mean_of(gradient, n, (what){.layer = layer, .place = 1}));
    cli_cell(t, "%s / %s", cosine, ratio);
}

static void print_columns(const cli *app, const cli_axes *axes, json_t *const *gradient, int from,
                          int to, json_t *layers)
{
    const int seeds = axes->seeds.n;
    char columns[2000] = "layer";
    for (int p = from; p < to; p++) {
        char label[400];
        const size_t n = strlen(columns);
        cli_axes_label(axes, p, label, sizeof(label));
        snprintf(columns + n, sizeof(columns) - n, "|>%s", label);
    }
    cli_table *t = cli_table_new(app, columns);
    const char *layer;
    json_t *pair;
    json_object_foreach(layers, layer, pair)
    {
        cli_cell(t, "%s", layer);
        for (int p = from; p < to; p++)
            layer_cell(t, gradient + p * seeds, seeds, layer);
    }
    cli_table_print(t, stdout);
}

static void print_references(const cli_axes *axes, json_t *const *gradient)
{
    for (int p = 0; p < cli_axes_points(axes); p++) {
        const json_t *g = gradient[p * axes->seeds.n];
        const char *reference = json_string_value(json_object_get(g, "reference"));
        char label[400];
        cli_axes_label(axes, p, label, sizeof(label));
        if (reference)
            printf("%s%s to %s", p > 0 ? "; " : "", label, reference);
    }
    putchar('\n');
}

void cli_gradient_table(const cli *app, const cli_axes *axes, json_t *const *gradient)
{
    enum { ACROSS = 5 }; /* columns that fit beside each other */
    const int points = cli_axes_points(axes);
    printf("\ngradient beside the reference: cosine / norm ratio at the end, layer by layer\n");
    print_references(axes, gradient);
    for (int p = 0; p < points; p += ACROSS) {
        json_t *layers = NULL; /* of the first run that has some: networks may differ */
        const int to = p + ACROSS < points ? p + ACROSS : points;
        for (int i = p * axes->seeds.n; i < to * axes->seeds.n && !layers; i++)
            layers = json_object_get(gradient[i], "layers");
        if (layers)
            print_columns(app, axes, gradient, p, to, layers);
    }
}
