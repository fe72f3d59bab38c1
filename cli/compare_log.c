/* compare.jsonl: what each run of a comparison came to, one JSON object a line. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of an outcome under their names. */
static const struct {
    const char *key;
    size_t offset;
} number[] = {
    {"test_accuracy", offsetof(cli_outcome, accuracy)},
    {"best_test_accuracy", offsetof(cli_outcome, best_accuracy)},
    {"images_per_s", offsetof(cli_outcome, images_per_s)},
    {"train_s", offsetof(cli_outcome, train_s)},
    {"mean_rate", offsetof(cli_outcome, rate)},
    {"planned_bytes", offsetof(cli_outcome, planned)},
    {"allocated_bytes", offsetof(cli_outcome, allocated)},
    {"data_bytes", offsetof(cli_outcome, data)},
    {"kept_bytes", offsetof(cli_outcome, kept)},
    {"peak_rss_bytes", offsetof(cli_outcome, peak_rss)},
    {"cosine_bytes", offsetof(cli_outcome, cosine)},
    {"macs", offsetof(cli_outcome, macs)},
    {"modules", offsetof(cli_outcome, modules)},
    {"visited", offsetof(cli_outcome, visited)},
};

enum { NUMBERS = sizeof(number) / sizeof(number[0]) };

json_t *cli_outcome_json(const cli_outcome *o, const char *point, const char *seed,
                         const char *folder, json_t *gradient)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "event", "run", "point", point, "seed",
                             seed, "folder", folder, "refused",
                             o->status == MYE_OK ? "" : o->message, "rates", o->rates);
    for (int i = 0; json && i < NUMBERS; i++) {
        double value;
        memcpy(&value, (const char *)o + number[i].offset, sizeof(value));
        json_object_set_new(json, number[i].key, cli_real(value));
    }
    if (json && gradient)
        json_object_set(json, "gradient", gradient);
    return json;
}

/* Numbers that an older line lacks are 0. */
static void take(const json_t *line, cli_outcome *out)
{
    *out = (cli_outcome){.status = MYE_OK};
    for (int i = 0; i < NUMBERS; i++) {
        const json_t *value = json_object_get(line, number[i].key);
        const double x = json_is_number(value) ? json_number_value(value) : 0;
        memcpy((char *)out + number[i].offset, &x, sizeof(x));
    }
    out->alone = out->planned - out->cosine;
    const char *rates = json_string_value(json_object_get(line, "rates"));
    snprintf(out->rates, sizeof(out->rates), "%s", rates ? rates : "");
}

bool cli_outcome_read(const char *folder, const char *run, cli_outcome *out)
{
    char *text = NULL;
    size_t room = 0;
    bool found = false;
    char *path = cli_format("%s/compare.jsonl", folder);
    FILE *f = fopen(path, "r");
    while (f && getline(&text, &room, f) > 0) {
        json_t *line = json_loads(text, 0, NULL);
        const char *of = json_string_value(json_object_get(line, "folder"));
        const char *refused = json_string_value(json_object_get(line, "refused"));
        if (of && strcmp(of, run) == 0 && refused && !refused[0]) {
            take(line, out);
            found = true;
        }
        json_decref(line);
    }
    if (f)
        fclose(f);
    free(text);
    free(path);
    return found;
}
