/* What a set of spike patterns holds. */
#include "synapse.h"

#include <stdlib.h>
#include <string.h>

static bool is_file(const char *text)
{
    const size_t n = strlen(text);
    return n > 4 && !strchr(text, ':') &&
           (strcmp(text + n - 4, ".npz") == 0 || strcmp(text + n - 4, ".npy") == 0);
}

/* A file is read as it is: options that do nothing then are not passed over in silence. */
static int check_options(const cli *app, const char *file)
{
    static const char *const of_sources[][2] = {
        {"split", "split"}, {"data_dir", "data-dir"}, {"seed", "seed"}};
    for (size_t i = 0; i < sizeof(of_sources) / sizeof(of_sources[0]); i++) {
        const bool is_for_noise = i == 2 && cli_given(app, "noise");
        if (cli_given(app, of_sources[i][0]) && !is_for_noise)
            return cli_usage(app, "write it as a source: file:path=FILE",
                             "'%.80s' is read as it is, without --%s", file, of_sources[i][1]);
    }
    return CLI_EXIT_OK;
}

int cli_patterns_open(cli *app, const char *text, const cli_patterns_source *source,
                      mye_patterns **out)
{
    static const char *const split_name[] = {"train", "test"};
    mye_error err = {0};
    *out = NULL;
    const bool has_file = is_file(text);
    const int code = has_file ? check_options(app, text) : CLI_EXIT_OK;
    if (code != CLI_EXIT_OK)
        return code;
    const mye_status st =
        has_file ? mye_patterns_read(app->ctx, text, 0, 0, out, &err)
                 : mye_patterns_open(app->ctx, text, source->data_dir, split_name[source->split],
                                     (uint64_t)source->seed, out, &err);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

static void look_at(cli_patterns_facts *f, const mye_pattern *p, bool is_first)
{
    f->least = is_first || p->n < f->least ? p->n : f->least;
    f->most = is_first || p->n > f->most ? p->n : f->most;
    f->shortest_ms = is_first || p->window_ms < f->shortest_ms ? p->window_ms : f->shortest_ms;
    f->longest_ms = is_first || p->window_ms > f->longest_ms ? p->window_ms : f->longest_ms;
    f->patterns[p->label]++;
    f->spikes[p->label] += p->n;
    if (p->n > 0 && p->spike[p->n - 1].t_ms > f->last_ms)
        f->last_ms = p->spike[p->n - 1].t_ms;
}

cli_patterns_facts cli_patterns_look(const mye_patterns *set)
{
    const mye_patterns_info *about = mye_patterns_about(set);
    cli_patterns_facts f = {.about = about,
                            .patterns = cli_memory((size_t)about->classes, sizeof(int64_t)),
                            .spikes = cli_memory((size_t)about->classes, sizeof(int64_t))};
    double sum = 0;
    int64_t seen = 0;
    for (int64_t k = 0; k < about->n; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        look_at(&f, &p, k == 0);
        for (int64_t i = 0; i < p.n; i++, seen++) {
            const double c = (double)p.spike[i].c;
            sum += c;
            f.least_c = seen == 0 || c < f.least_c ? c : f.least_c;
            f.most_c = seen == 0 || c > f.most_c ? c : f.most_c;
        }
    }
    f.mean_c = seen > 0 ? sum / (double)seen : 0;
    return f;
}

void cli_patterns_facts_free(cli_patterns_facts *f)
{
    free(f->patterns);
    free(f->spikes);
}

static double share(int64_t a, int64_t b)
{
    return b > 0 ? (double)a / (double)b : 0;
}

static void print_classes(const cli *app, const cli_patterns_facts *f)
{
    cli_table *t = cli_table_new(app, "class|name|>patterns|>share|>spikes a pattern");
    for (int32_t k = 0; k < f->about->classes; k++) {
        cli_cell(t, "%d", k);
        cli_cell(t, "%s", f->about->class_name[k]);
        cli_cell(t, "%lld", (long long)f->patterns[k]);
        cli_cell(t, "%s", cli_percent(share(f->patterns[k], f->about->n)).text);
        cli_cell(t, "%.1f", share(f->spikes[k], f->patterns[k]));
    }
    putchar('\n');
    cli_table_print(t, stdout);
}

void cli_patterns_print(const cli *app, const cli_patterns_facts *f)
{
    const mye_patterns_info *a = f->about;
    printf("%s%s%s\n", cli_paint(app->color_out, "bold"), a->source, cli_plain(app->color_out));
    printf("  patterns          %lld\n", (long long)a->n);
    printf("  afferents         %d\n", a->units);
    printf("  classes           %d\n", a->classes);
    printf("  spikes            %lld\n", (long long)a->spikes);
    if (a->n > 0)
        printf("  spikes a pattern  %.1f (%lld to %lld)\n", share(a->spikes, a->n),
               (long long)f->least, (long long)f->most);
    if (a->spikes > 0)
        printf("  mean coefficient  %.4g (%.4g to %.4g)\n", f->mean_c, f->least_c, f->most_c);
    if (a->n > 0 && f->shortest_ms < f->longest_ms)
        printf("  window            %.6g to %.6g ms\n", f->shortest_ms, f->longest_ms);
    else if (a->n > 0)
        printf("  window            %.6g ms\n", f->longest_ms);
    if (a->spikes > 0)
        printf("  last spike        %.6g ms\n", f->last_ms);
    print_classes(app, f);
}

json_t *cli_patterns_json(const cli_patterns_facts *f)
{
    const mye_patterns_info *a = f->about;
    json_t *classes = json_array();
    for (int32_t k = 0; k < a->classes; k++)
        json_array_append_new(classes, json_pack("{s:s,s:I,s:I}", "name", a->class_name[k],
                                                 "patterns", (json_int_t)f->patterns[k], "spikes",
                                                 (json_int_t)f->spikes[k]));
    return json_pack("{s:s,s:I,s:i,s:i,s:I,s:o,s:o,s:[o,o],s:o,s:o}", "source", a->source,
                     "patterns", (json_int_t)a->n, "afferents", a->units, "classes", a->classes,
                     "spikes", (json_int_t)a->spikes, "spikes_per_pattern",
                     cli_real(share(a->spikes, a->n)), "mean_coefficient", cli_real(f->mean_c),
                     "window_ms", cli_real(f->shortest_ms), cli_real(f->longest_ms),
                     "last_spike_ms", cli_real(f->last_ms), "per_class", classes);
}
