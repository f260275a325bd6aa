"""A trained run: its folder, its forward passes, its stored activations."""
from runs.activations import (
    Activations,
    encode_examples,
    stored_activations,
    stored_splits,
)
from runs.choice import plan_search
from runs.folder import folder_of
from runs.given import load_given, load_named
from runs.loading import Run, load_run, to_device
from runs.memory import plan_memory
from runs.passes import forward, progress_bar
from runs.predictors import fit_dknn, store_temperature
from runs.script import run_script

__all__ = [
    'Activations', 'Run', 'encode_examples', 'fit_dknn',
    'folder_of', 'forward', 'load_given', 'load_named', 'load_run',
    'plan_memory', 'plan_search', 'progress_bar', 'run_script',
    'store_temperature', 'stored_activations', 'stored_splits', 'to_device']
