# What the rules ask for: input and params functions; no rules.
from label_smoothing.study.advice_slices import slice_of_folds, slices_of_advice
from label_smoothing.study.figure_registry import (
    clean_labels,
    first_problem,
    in_menu,
    offered,
    theory,
)

CLEAN_THEORY = (theory, clean_labels)


# One function for several files or params: calling one costs Snakemake more than its own work, and
# there are as many calls as cells.
def own_files(wildcards):
    """Input function: the files of the user's own that a training reads, if it does."""
    limit_gpus()
    return {
        "matrix": list(map(own, STUDY.target_files(wildcards.method))),
        "network": list(map(own, STUDY.network_files(wildcards.dataset))),
    }


def cell_settings(wildcards):
    """Params function: what a cell's network is and how it is trained."""
    return STUDY.training_settings(wildcards.dataset, wildcards.method)


def own_contents(wildcards):
    """Params function: what is in the files of the user's own that a training reads."""
    files = STUDY.target_files(wildcards.method) + STUDY.network_files(wildcards.dataset)
    return contents(files)


def training_code(wildcards):
    """Params function: the hash of the code that a cell runs, its own loss and network alone."""
    return code("train", *STUDY.training_modules(wildcards.dataset, wildcards.method))


def scored_files_of(transition):
    """Make the input function: what the scores of a network on this transition are made of."""

    def scored_files(wildcards):
        names = {"transition": transition, **wildcards}
        files = {"labels": LABELS, "predictions": PREDICTIONS, "history": HISTORY}
        checked = [ancient(own(path)) for path in STUDY.checked_files(wildcards.dataset)]
        matrix = list(map(own, STUDY.target_files(wildcards.method)))
        scored = {name: path.format(**names) for name, path in files.items()}
        return {"checked": checked, "matrix": matrix} | scored

    return scored_files


def metrics_of_slice(wildcards):
    return expand(METRICS, p=STUDY.smoothing_of(wildcards.method), seed=STUDY.seeds, **wildcards)


def demand(needs, path, wildcards):
    """Refuse a target that the study lacks something for, with the reason."""
    if reason := first_problem(needs, STUDY, wildcards):
        refuse(f"{path.format(**wildcards)}: {CONFIG_FILE}: {reason}")


def tables_of_study(wildcards):
    return expand(TABLE, a=STUDY.clean_rates, **wildcards)


def tables_of_all_slices(wildcards):
    keys = ("dataset", "noise", "method")
    return [
        table
        for names in STUDY.slices()
        for table in expand(TABLE, a=STUDY.clean_rates, **dict(zip(keys, names)))
    ]


def tables_to_fit(wildcards):
    demand((theory,), FITS, wildcards)
    return tables_of_study(wildcards)


def tables_to_vote(wildcards):
    demand(CLEAN_THEORY, VOTES, wildcards)
    return expand(TABLE, a=STUDY.clean_rates, noise=STUDY.config["noise_types"], **wildcards)


def predictions_to_share(wildcards):
    """Input function: the networks of one clean rate, p by p."""
    demand(CLEAN_THEORY, SHARES, wildcards)
    p = STUDY.smoothing_of(wildcards.method)
    return expand(PREDICTIONS, p=p, seed=STUDY.seeds, **wildcards)


def judged_methods():
    """The methods that a claim is about."""
    methods = STUDY.config["methods"].items()
    return [
        name
        for name, entry in methods
        if STUDY.has_theory(name) or entry["matrix"] in ("alpha_optimal", "beta_optimal")
    ]


def tables_to_judge(wildcards):
    if not (judged := judged_methods()):
        refuse(
            f"{CLAIMS} is not offered: {CONFIG_FILE}: methods is {', '.join(STUDY.config['methods'])}; "
            "needed: one that the theory predicts (loss 'label_smoothing' or 'forward_correction' "
            "with matrix 'p', or matrix 'alpha_optimal' or 'beta_optimal')"
        )
    # Others are beyond the theory, but claims compare with them.
    beside = ("forward_correction", "matrix_smoothing")
    return [
        table
        for dataset, noise, method in STUDY.slices()
        if method in judged or STUDY.config["methods"][method]["loss"] in beside
        for table in expand(TABLE, dataset=dataset, noise=noise, method=method, a=STUDY.clean_rates)
    ]


def claims_files(wildcards):
    if not judged_methods():
        return []
    return [ANSWERS, ANSWERS_PAGE, CLAIMS, CLAIMS_PAGE, CLAIMS_SHORT]


def study_files(wildcards):
    """Input function: every file of every cell, up to the fits."""
    files = {STUDY_TABLE: None}
    for cell in STUDY.cells():
        paths = (DATASET, LABELS, PREDICTIONS, HISTORY)
        if not first_problem(CLEAN_THEORY, STUDY, cell._asdict()):
            paths += (SHARES,)
        for path in paths:
            files[path.format(**cell._asdict())] = None
    for dataset, noise, method in STUDY.slices():
        where = {"dataset": dataset, "noise": noise, "method": method, "a": STUDY.clean_rates}
        p = STUDY.smoothing_of(method)
        files |= dict.fromkeys(expand(METRICS, p=p, seed=STUDY.seeds, **where))
        files |= dict.fromkeys(expand(TABLE, **where))
        files |= dict.fromkeys(expand(SUMMARY, **where))
        if STUDY.has_theory(method):
            files |= dict.fromkeys(expand(FITS, **where))
            if not clean_labels(STUDY, where):
                files |= dict.fromkeys(expand(VOTES, **where))
    return list(files)


def dataset_of_fold(wildcards):
    """Input function: the data set that a fold is of, if the study has the fold."""
    name = Path(FOLD.format(**wildcards)).stem
    check(CONFIG_FILE, STUDY.check_names, {"dataset": name}, True)
    return DATASET.format(**wildcards)


def of_advice(path, function, wildcards):
    """Return what advice is made of, or refuse the target with the reason."""
    target = path.format(**wildcards)
    return check(f"{target} is not offered: {CONFIG_FILE}", function, STUDY, wildcards.dataset)


def files_to_advise(wildcards):
    """Input function: the networks of each slice, p by p, and the labels of each seed."""
    files = {}
    for name, part in of_advice(ADVICE_PAGE, slices_of_advice, wildcards).items():
        names = {"dataset": wildcards.dataset, **part._asdict(), "seed": STUDY.seeds}
        for kind, path in (("labels", LABELS), ("predictions", PREDICTIONS), ("history", HISTORY)):
            files[f"{name}_{kind}"] = expand(path, **names)
    # Its content is a parameter, so its time says nothing.
    files["checked"] = [ancient(own(path)) for path in STUDY.checked_files(wildcards.dataset)]
    files["npz"] = [ancient(own(path)) for path in STUDY.npz_files(wildcards.dataset)]
    if STUDY.folds_of(wildcards.dataset):
        files["ranking"] = TRAINING_LABELS.format(**wildcards)
        files["training"] = TRAINING_NOISE.format(**wildcards)
    return files


def subset_to_advise(wildcards):
    """Params function: which rows of the user's test part a study takes."""
    entry = STUDY.config["datasets"][wildcards.dataset]
    return {"size": entry.get("test_size"), "seed": entry.get("split_seed")}


def files_to_rank(wildcards):
    """Input function: the networks of each fold, p by p; more seeds than one rank no better."""
    part = of_advice(TRAINING_LABELS, slice_of_folds, wildcards)
    folds = STUDY.folds_of(wildcards.dataset)
    names = {"dataset": folds, **part._asdict(), "seed": STUDY.seeds[:1]}
    return {
        "predictions": expand(PREDICTIONS, **names),
        "npz": [ancient(own(path)) for path in STUDY.npz_files(wildcards.dataset)],
    }


def settings_to_rank(wildcards):
    """Params function: what the order of the files means, and which rows the training part has."""
    entry = STUDY.config["datasets"][wildcards.dataset]
    return {
        "p": of_advice(TRAINING_LABELS, slice_of_folds, wildcards).p,
        "folds": entry["folds"],
        **{key: entry.get(key) for key in ("train_size", "split_seed")},
    }


def advice_files():
    """Every page that the study offers, with its tables."""
    files = []
    for dataset in STUDY.config["datasets"]:
        try:
            slices_of_advice(STUDY, dataset)
        except ConfigError:
            continue
        paths = [ADVICE_PAGE, ADVICE, TO_CHECK, SUGGESTIONS, CHECKING_PAGE]
        if STUDY.folds_of(dataset):
            paths += [TRAINING_LABELS, TRAINING_NOISE]
        files += [path.format(dataset=dataset) for path in paths]
    return files


def slices_to_advise(wildcards):
    """Params function: the p of each slice, in the order of its files."""
    slices = of_advice(ADVICE_PAGE, slices_of_advice, wildcards)
    return {name: part.p for name, part in slices.items()}
