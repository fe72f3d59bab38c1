/* What a comparison of sample policies has beside others: ratios of its own and two columns. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

bool cli_sample_is_compared(const cli_axes *axes)
{
    for (int i = 0; i < axes->n; i++) {
        const char *key = axes->axis[i].key;
        if (axes->axis[i].n > 1 && (strcmp(key, "sample") == 0 || strncmp(key, "sample.", 7) == 0))
            return true;
    }
    return false;
}

void cli_sample_cells(cli_table *table, const cli_outcome *outcome, int n)
{
    double visited = 0, seconds = 0;
    int good = 0;
    for (int i = 0; i < n; i++) {
        if (outcome[i].status != MYE_OK)
            continue;
        visited += outcome[i].visited;
        seconds += outcome[i].train_s;
        good++;
    }
    /* Comparisons of before the column existed did not note it. */
    if (visited > 0)
        cli_cell(table, "%s", cli_percent(visited / good).text);
    else
        cli_cell(table, "-");
    cli_cell(table, "%s", cli_seconds(good > 0 ? seconds / good : 0).text);
}

/* ---- --rho ---- */

/* Has the policy an option rho? -1: there is no such policy. */
static int has_rho(const char *policy, mye_error *err)
{
    char name[64];
    const mye_entry *entry;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(policy, ":"), policy);
    if (mye_kind_entry(mye_kind_find("sample"), name, &entry, err) != MYE_OK)
        return -1;
    for (const mye_param *p = entry->params; p && p->name; p++) {
        if (strcmp(p->name, "rho") == 0)
            return 1;
    }
    return 0;
}

/* Is rho among the options that were written down? */
static bool gives_rho(const char *policy)
{
    const char *at = strstr(policy, "rho=");
    return at && at > policy && strchr(":,", at[-1]);
}

/* Refuses a value that the policy would refuse once its run begins. */
static int check_value(cli *app, const char *value)
{
    mye_config config;
    mye_error err = {0};
    if (mye_config_default(&config, &err) == MYE_OK &&
        mye_config_set(&config, "sample", value, &err) == MYE_OK)
        return CLI_EXIT_OK;
    return cli_fail(app, &err);
}

static int append(cli *app, cli_axis *axis, char *value)
{
    if (axis->n == VALUES_MAX) {
        free(value);
        return cli_usage(app, "", "more than %d policies and ratios for 'sample'", VALUES_MAX);
    }
    axis->value[axis->n++] = value;
    return check_value(app, value);
}

/* One policy of the list: once, or at each ratio. */
static int expand_one(cli *app, const char *policy, const cli_axis *rho, cli_axis *out, int *n_with)
{
    mye_error err = {0};
    const int with = has_rho(policy, &err);
    int code = CLI_EXIT_OK;
    if (with < 0)
        return cli_fail(app, &err);
    if (with == 0)
        return append(app, out, cli_format("%s", policy));
    if (gives_rho(policy))
        return cli_usage(app, "give the ratio in one of the two places",
                         "sample '%.200s' has a rho of its own, and --rho gives ratios to every "
                         "policy",
                         policy);
    *n_with += 1;
    for (int i = 0; i < rho->n && code == CLI_EXIT_OK; i++)
        code = append(
            app, out,
            cli_format("%s%srho=%s", policy, strchr(policy, ':') ? "," : ":", rho->value[i]));
    return code;
}

int cli_sample_expand(cli *app, cli_axis *sample, const cli_axis *rho)
{
    cli_axis wide = {.n = 0};
    int code = CLI_EXIT_OK, n_with = 0;
    if (!sample || sample->n == 0)
        return cli_usage(app, "--sample all,random,sadp --rho 0.3,0.5",
                         "--rho wants the policies that are run at these ratios, and --sample is "
                         "not given");
    memcpy(wide.key, sample->key, sizeof(wide.key));
    for (int i = 0; i < sample->n && code == CLI_EXIT_OK; i++)
        code = expand_one(app, sample->value[i], rho, &wide, &n_with);
    if (code == CLI_EXIT_OK && n_with == 0)
        code = cli_usage(app, "myelin list sample",
                         "--rho wants a policy that has an option rho, and of --sample none has");
    for (int i = 0; i < sample->n; i++)
        free(sample->value[i]);
    *sample = wide;
    return code;
}
