# The study: read, checked, and refused with one line; no rules.
from snakemake.utils import update_config

from label_smoothing.study.data_checks import check_files, check_imports
from label_smoothing.study.grid import Study
from label_smoothing.study.read_config import check_config_file, read_again

# A study is one whole file: given with --configfile, it replaces the default study.
CONFIG_FILES = [*map(str, workflow.overwrite_configfiles)] or ["config.yaml"]
CONFIG_FILE = ", ".join(CONFIG_FILES + ["--config"] * bool(workflow.config_settings.config))

# A module has the config that its `module` statement hands over.
if workflow.modifier.skip_configfile:
    CONFIG_FILES, CONFIG_FILE = [], f"config of module {workflow.modifier.namespace}"

for file in CONFIG_FILES:
    check(file, check_config_file, file)

if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


def read_study():
    # Those of an importing workflow are its own.
    if CONFIG_FILES:
        update_config(config, read_again(workflow.config_settings.config))
    # Relative, so that a project that moves as a whole keeps its results.
    folder = os.path.relpath(Path(CONFIG_FILES[0]).parent) if CONFIG_FILES else "."
    return Study(config, folder)


STUDY = check(CONFIG_FILE, read_study)
check(CONFIG_FILE, check_files, STUDY)
# Rules that run in environments of their own may import what is missing here.
if not workflow.deployment_settings.deployment_method:
    check(CONFIG_FILE, check_imports, STUDY)

# The scripts see the config with its defaults; the importing workflow keeps its own.
config = STUDY.config


def known(inputs, folds=False):
    """Input function: `inputs`, if the study has what the target names."""

    def checked(wildcards):
        check(CONFIG_FILE, STUDY.check_names, dict(wildcards.items()), folds)
        return inputs(wildcards)

    return checked


def title(wildcards):
    """Params function, as Snakemake takes braces in a text for wildcards."""
    return STUDY.config["study"]


def sections_of_study(wildcards):
    """Params function: what the verdicts need to know of the config, however it is spelled."""
    needed = {
        "datasets": ("source",),
        "methods": ("loss", "matrix"),
        "noise_types": ("assumption", "transition"),
        "transitions": ("kind",),
    }
    return {
        section: {
            name: {key: entry[key] for key in keys}
            for name, entry in sorted(STUDY.config[section].items())
        }
        for section, keys in needed.items()
    }
