/* Lists of compare's options and their product. Repeated options add to the list. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

static cli_axis *axis_of(cli_axes *axes, const char *key)
{
    if (strcmp(key, "seed") == 0)
        return &axes->seeds;
    for (int i = 0; i < axes->n; i++) {
        if (strcmp(axes->axis[i].key, key) == 0)
            return &axes->axis[i];
    }
    if (axes->n == AXIS_MAX)
        return NULL;
    cli_axis *axis = &axes->axis[axes->n++];
    snprintf(axis->key, sizeof(axis->key), "%s", key);
    return axis;
}

/* Keys with one value are settings like those of train. */
static void keep_single(cli *app, cli_axes *axes)
{
    axes->single = cli_memory((size_t)app->n_settings + AXIS_MAX, sizeof(*axes->single));
    for (int i = 0; i < app->n_settings; i++) {
        if (app->setting[i].origin != CLI_CONFIG)
            axes->single[axes->n_single++] = app->setting[i];
    }
    int lists = 0;
    for (int i = 0; i < axes->n; i++) {
        cli_axis *axis = &axes->axis[i];
        if (axis->n > 1) {
            const cli_axis moved = *axis;
            *axis = axes->axis[lists];
            axes->axis[lists++] = moved;
        }
    }
    for (int i = lists; i < axes->n; i++) {
        cli_setting *s = &axes->single[axes->n_single++];
        s->origin = CLI_CONFIG;
        snprintf(s->key, sizeof(s->key), "%s", axes->axis[i].key);
        s->value = axes->axis[i].value[0];
    }
}

static int read_setting(cli *app, cli_axes *axes, const cli_setting *s)
{
    static const char *const never_list[] = {"out", "data_dir", "init", "augment"};
    cli_axis *axis = axis_of(axes, s->key);
    if (!axis)
        return cli_usage(app, "", "more than %d options for a comparison", AXIS_MAX);
    for (size_t i = 0; i < sizeof(never_list) / sizeof(never_list[0]); i++) {
        if (strcmp(never_list[i], s->key) == 0 && !strchr(s->value, ';')) {
            axis->value[axis->n < VALUES_MAX ? axis->n++ : 0] = cli_format("%s", s->value);
            return CLI_EXIT_OK;
        }
    }
    return cli_list_add(app, axis, s->value);
}

/* The ratios of --rho go into the list of sample policies. */
static int read_ratios(cli *app, const char *rho, cli_axes *axes)
{
    cli_axis ratios = {.key = "rho"}, *sample = NULL;
    int code = cli_list_add(app, &ratios, rho);
    for (int i = 0; i < axes->n; i++) {
        if (strcmp(axes->axis[i].key, "sample") == 0)
            sample = &axes->axis[i];
    }
    if (code == CLI_EXIT_OK)
        code = cli_sample_expand(app, sample, &ratios);
    cli_list_free(&ratios);
    return code;
}

int cli_axes_read(cli *app, const char *seeds, const char *rho, cli_axes *axes)
{
    *axes = (cli_axes){0};
    snprintf(axes->seeds.key, sizeof(axes->seeds.key), "seed");
    int code = seeds[0] ? cli_list_add(app, &axes->seeds, seeds) : CLI_EXIT_OK;
    for (int i = 0; i < app->n_settings && code == CLI_EXIT_OK; i++) {
        if (app->setting[i].origin == CLI_CONFIG)
            code = read_setting(app, axes, &app->setting[i]);
    }
    if (code == CLI_EXIT_OK && rho[0])
        code = read_ratios(app, rho, axes);
    if (axes->seeds.n == 0)
        axes->seeds.value[axes->seeds.n++] = cli_format("%s", "");
    keep_single(app, axes);
    return code;
}

void cli_axes_free(cli_axes *axes)
{
    for (int i = 0; i < axes->n; i++)
        cli_list_free(&axes->axis[i]);
    cli_list_free(&axes->seeds);
    free(axes->single);
}

/* Number of values of axis i in the product: keys with one value are no list. */
static int lists(const cli_axes *axes)
{
    int n = 0;
    while (n < axes->n && axes->axis[n].n > 1)
        n++;
    return n;
}

int cli_axes_points(const cli_axes *axes)
{
    int n = 1;
    for (int i = 0; i < lists(axes); i++)
        n *= axes->axis[i].n;
    return n;
}

int cli_axes_index(const cli_axes *axes, int point, int i)
{
    for (int k = lists(axes) - 1; k > i; k--)
        point /= axes->axis[k].n;
    return point % axes->axis[i].n;
}

void cli_axes_label(const cli_axes *axes, int point, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < lists(axes) && at < size; i++) {
        const cli_axis *a = &axes->axis[i];
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "",
                               a->value[cli_axes_index(axes, point, i)]);
    }
    if (!out[0])
        snprintf(out, size, "run");
}

void cli_axes_file(const cli_axes *axes, int point, char *out, size_t size)
{
    char label[200];
    cli_axes_label(axes, point, label, sizeof(label));
    cli_list_file(label, out, size);
}

mye_status cli_axes_apply(const cli_axes *axes, int point, const char *seed, mye_config *config,
                          mye_error *err)
{
    for (int i = 0; i < lists(axes); i++) {
        const cli_axis *a = &axes->axis[i];
        MYE_TRY(mye_config_set(config, a->key, a->value[cli_axes_index(axes, point, i)], err));
    }
    return seed[0] ? mye_config_set(config, "seed", seed, err) : MYE_OK;
}
