/* Progress: a bar on a terminal, a line every ten seconds elsewhere, epoch lines on stdout. */
#include "cli.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 20, LINE_EVERY_S = 10 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_clear(cli_progress *progress)
{
    if (progress->dirty)
        fputs("\r\033[K", stderr);
    progress->dirty = false;
    fflush(stderr);
}

static void bar_text(char *out, size_t size, double share)
{
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const int eighths = (int)(share * BAR * 8 + 0.5);
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < BAR && at + 8 < size; i++) {
        const int fill = eighths - 8 * i;
        const char *cell = fill >= 8 ? "█" : fill > 0 ? part[fill] : "·";
        at += (size_t)snprintf(out + at, size - at, "%s", cell);
    }
}

/* Loss, accuracy and speed; of work that is no training the speed, where there is one. */
static void figures_text(const cli_progress *self, const mye_progress *p, char *out, size_t size)
{
    const cli_short speed = cli_count(p->images_per_s);
    const char *unit = self->bar ? "img/s" : "images/s";
    out[0] = '\0';
    if (self->about && p->images_per_s > 0)
        snprintf(out, size, "  %s %s", speed.text, unit);
    else if (!self->about && self->bar)
        snprintf(out, size, "  loss %.3f  acc %.1f %%  %s %s", p->loss, 100 * p->accuracy,
                 speed.text, unit);
    else if (!self->about)
        snprintf(out, size, "  loss %.4f  accuracy %s  %s %s", p->loss,
                 cli_percent(p->accuracy).text, speed.text, unit);
}

static void on_progress(void *user, const mye_progress *p)
{
    cli_progress *self = user;
    const double now = now_s();
    if (self->off || (!self->bar && now - self->last_s < LINE_EVERY_S))
        return;
    self->last_s = now;
    self->n_epochs = p->epochs;
    const double share = p->total > 0 ? (double)p->done / (double)p->total : 0;
    const char *about = self->about ? self->about : "";
    char left[64] = "", epoch[48] = "", figures[160];
    if (p->left_s >= 1)
        snprintf(left, sizeof(left), "  %s left", cli_seconds(p->left_s).text);
    if (p->epochs > 0)
        snprintf(epoch, sizeof(epoch), "epoch %lld/%lld ", (long long)p->epoch,
                 (long long)p->epochs);
    figures_text(self, p, figures, sizeof(figures));
    if (!self->bar) {
        fprintf(stderr, "%s%s%s%s %.0f %%%s%s\n", epoch, about, about[0] ? " " : "", p->phase,
                100 * share, figures, left);
        return;
    }
    char bar[BAR * 4 + 8];
    bar_text(bar, sizeof(bar), share);
    const bool color = self->app->color_err;
    fprintf(stderr, "\r\033[K%s%.20s%s%-5s %s%s%s %3.0f %%%s%s", epoch, about, about[0] ? " " : "",
            p->phase, cli_paint(color, "cyan"), bar, cli_plain(color), 100 * share, figures, left);
    fflush(stderr);
    self->dirty = true;
}

json_t *cli_epoch_json(const mye_epoch_result *r)
{
    json_t *rates = json_object();
    for (int i = 0; i < r->n_rates; i++)
        json_object_set_new(rates, r->rate_name[i], cli_real(r->rate[i]));
    return json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "event", "epoch", "epoch",
                     (json_int_t)r->epoch, "train_loss", cli_real(r->train_loss), "train_accuracy",
                     cli_real(r->train_accuracy), "test_loss", cli_real(r->test_loss),
                     "test_accuracy", cli_real(r->test_accuracy), "learning_rate",
                     cli_real(r->learning_rate), "train_s", cli_real(r->train_s), "test_s",
                     cli_real(r->test_s), "images_per_s", cli_real(r->images_per_s), "processed",
                     cli_real(r->processed), "rates", rates);
}

static double mean_rate(const mye_epoch_result *r)
{
    double sum = 0;
    for (int i = 0; i < r->n_rates; i++)
        sum += r->rate[i];
    return r->n_rates ? sum / r->n_rates : 0;
}

static void on_epoch(void *user, const mye_epoch_result *r)
{
    cli_progress *self = user;
    cli_progress_clear(self);
    if (!self->epochs)
        return;
    if (self->app->global.json) {
        cli_json(cli_epoch_json(r));
        return;
    }
    printf(
        "epoch %*lld  test %s%6.2f %%%s  train %6.2f %%  loss %.4f  rate %.3f  %s images/s  %s\n",
        self->n_epochs > 99 ? 4 : 2, (long long)r->epoch, cli_paint(self->app->color_out, "bold"),
        100 * r->test_accuracy, cli_plain(self->app->color_out), 100 * r->train_accuracy,
        r->train_loss, mean_rate(r), cli_count(r->images_per_s).text,
        cli_seconds(r->train_s + r->test_s).text);
    fflush(stdout);
}

json_t *cli_cosine_json(const mye_cosine_result *r)
{
    json_t *layers = json_object();
    for (int i = 0; i < r->n_layers; i++)
        json_object_set_new(
            layers, r->layer[i].layer,
            json_pack("[o,o]", cli_real(r->layer[i].cosine), cli_real(r->layer[i].norm_ratio)));
    return json_pack("{s:s,s:I,s:s,s:s,s:i,s:I,s:o,s:o,s:o,s:o,s:o}", "event", "cosine", "epoch",
                     (json_int_t)r->epoch, "rule", r->rule, "reference", r->reference, "batches",
                     r->batches, "samples", (json_int_t)r->samples, "cosine", cli_real(r->cosine),
                     "norm_ratio", cli_real(r->norm_ratio), "weights_cosine",
                     cli_real(r->weights_cosine), "weights_norm_ratio",
                     cli_real(r->weights_norm_ratio), "layers", layers);
}

static void on_cosine(void *user, const mye_cosine_result *r)
{
    cli_progress *self = user;
    cli_progress_clear(self);
    if (!self->epochs)
        return;
    if (self->app->global.json) {
        cli_json(cli_cosine_json(r));
        return;
    }
    const mye_layer_cosine *least = NULL;
    for (int i = 0; i < r->n_layers; i++)
        if (!least || r->layer[i].cosine < least->cosine)
            least = &r->layer[i];
    printf("epoch %*lld  gradient to %s: cosine %.4f  norm ratio %.4f", self->n_epochs > 99 ? 4 : 2,
           (long long)r->epoch, r->reference, r->cosine, r->norm_ratio);
    if (least)
        printf("  lowest cosine %.4f in %s", least->cosine, least->layer);
    putchar('\n');
    fflush(stdout);
}

static void on_note(void *user, const char *line)
{
    cli_progress *self = user;
    cli_progress_clear(self);
    cli_note(self->app, "%s", line);
}

void cli_progress_init(cli_progress *progress, const cli *app, bool epochs)
{
    const bool terminal = isatty(STDERR_FILENO) == 1;
    *progress = (cli_progress){
        .app = app,
        .bar = terminal,
        .off = app->global.quiet,
        .epochs = epochs && (!app->global.quiet || app->global.json),
        .last_s = now_s(),
        .callbacks = {on_progress, on_epoch, on_note, NULL, on_cosine},
    };
    progress->callbacks.user = progress;
}
