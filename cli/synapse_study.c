/* What an experiment found: tables and JSON. */
#include "synapse.h"

enum { COLUMNS = 10 }; /* that stand side by side */

static void print_block(const cli *app, const mye_study_panel *p, int from, int to)
{
    char columns[2048];
    size_t at = (size_t)snprintf(columns, sizeof(columns), "%s", p->is_table ? "" : p->x_name);
    for (int i = from; i < to; i++) {
        const mye_study_point *point = &p->series[0].point[i];
        char number[32];
        snprintf(number, sizeof(number), "%.4g", point->x);
        at += (size_t)snprintf(columns + at, sizeof(columns) - at, "|>%.60s",
                               point->label ? point->label : number);
    }
    cli_table *t = cli_table_new(app, columns);
    for (int s = 0; s < p->n_series; s++) {
        cli_cell(t, "%s", p->series[s].name);
        for (int i = from; i < to; i++) {
            char text[64] = "-";
            if (i < p->series[s].n)
                mye_study_text(&p->series[s].point[i], text, sizeof(text));
            cli_cell(t, "%s", text);
        }
    }
    cli_table_print(t, stdout);
}

void cli_study_print(const cli *app, const mye_study *study)
{
    for (int i = 0; i < study->n_panels; i++) {
        const mye_study_panel *p = &study->panel[i];
        if (p->is_long || p->n_series == 0)
            continue;
        printf("%s%s%s\n", cli_paint(app->color_out, "bold"), p->title, cli_plain(app->color_out));
        for (int from = 0; from < p->series[0].n; from += COLUMNS)
            print_block(app, p, from,
                        from + COLUMNS < p->series[0].n ? from + COLUMNS : p->series[0].n);
        putchar('\n');
    }
    fflush(stdout);
}

static json_t *point_json(const mye_study_point *p)
{
    json_t *object =
        json_pack("{s:o,s:o,s:o,s:i,s:s}", "x", cli_real(p->x), "mean", cli_real(p->mean), "sd",
                  cli_real(p->sd), "runs", p->runs, "unit", p->unit[0] == '%' ? "share" : p->unit);
    if (p->label)
        json_object_set_new(object, "label", json_string(p->label));
    return object;
}

static json_t *panel_json(const mye_study_panel *p)
{
    json_t *series = json_object();
    for (int s = 0; s < p->n_series; s++) {
        json_t *points = json_array();
        for (int i = 0; i < p->series[s].n; i++)
            json_array_append_new(points, point_json(&p->series[s].point[i]));
        json_object_set_new(series, p->series[s].name, points);
    }
    return json_pack("{s:s,s:s,s:s,s:o}", "event", "panel", "title", p->title, "x", p->x_name,
                     "series", series);
}

static json_t *head_json(const mye_study *study)
{
    json_t *head = json_pack("{s:s,s:s,s:s,s:o}", "event", "study", "title", study->title,
                             "command", study->command, "seconds", cli_real(study->seconds));
    if (study->classes > 0) {
        json_t *rows = json_array(), *names = json_array();
        for (int i = 0; i < study->classes; i++) {
            json_t *row = json_array();
            for (int k = 0; k < study->classes; k++)
                json_array_append_new(row, cli_real(study->confusion[i * study->classes + k]));
            json_array_append_new(rows, row);
            json_array_append_new(names, json_string(study->class_name[i]));
        }
        json_object_set_new(head, "classes", names);
        json_object_set_new(head, "confusion", rows);
    }
    return head;
}

void cli_study_json(const mye_study *study)
{
    cli_json(head_json(study));
    for (int i = 0; i < study->n_panels; i++)
        cli_json(panel_json(&study->panel[i]));
}

json_t *cli_study_object(const mye_study *study)
{
    json_t *object = head_json(study), *panels = json_array();
    for (int i = 0; i < study->n_panels; i++)
        json_array_append_new(panels, panel_json(&study->panel[i]));
    json_object_set_new(object, "panels", panels);
    return object;
}
