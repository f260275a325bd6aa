"""What all parts of an evaluation start from: a run, and what it says."""
import compat  # noqa: F401  (before Chainer)

import functools

import numpy as np

import runs
from dknn import DkNN
from evaluation import linear
from evaluation.asked import Asked
from evaluation.debugging import rank
from evaluation.explanations import explain
from metrics import bootstrap
from metrics.confidence import softmax
from saliency.scorer import WordScorer

# What parts of an evaluation may need that activations of another framework
# lack, and how messages say so
NEEDS = {'network': 'without a network', 'logits': 'without logits',
         'texts': 'without texts'}


class Setting:
    """A trained run to evaluate.

    What several parts need is computed once, when it is first asked for.

    Args:
        run (runs.Run): A trained run.
        dknn_options (dict): As for ``runs.fit_dknn``.
        limit (int): Test texts to evaluate, the first ones; None for all.
        n_texts (int): Texts whose explanations are measured, at most.
        seed (int): Of the bootstrap and of all that is drawn.
        ood (list of str): Data sets that are out of the run's domain; None
            for all at hand.
        judge (Setting): An independent run of the same data, split and
            limit, or None.
        data_dir (str): Folder with the published data files.
        rationales (str): A user's JSONL of rationales, or None.
        split (str): The split to evaluate; settings are to be chosen on
            ``'valid'``, what was chosen is reported on ``'test'``.
        ensemble (list of runs.Run): Further runs on the same data, such as
            other seeds; their mean probability is a rival of our scores.

    Attributes:
        train, calib, test (Activations): What the network says of a split;
            ``test`` is that which is evaluated.
        labels (ndarray): int32 (n,), of the test texts.
        dknn (DkNN): Fitted, tuned, calibrated.
        temperature (float): T; None without logits.
        prediction, soft (Prediction): What DkNN and soft DkNN say of the
            test texts.
        counts (ndarray): Draws of the bootstrap over the test texts.
    """

    def __init__(self, run, dknn_options=None, limit=None, n_texts=1000,
                 seed=0, ood=None, judge=None, data_dir=None,
                 rationales=None, split='test', ensemble=()):
        self.run = run
        self.dknn_options = dknn_options or {}
        self.n_texts, self.seed, self.ood = n_texts, seed, ood
        self.judge, self.data_dir = judge, data_dir
        self.rationales, self.split = rationales, split
        self.ensemble = list(ensemble)
        self.train, self.calib, test = runs.stored_splits(
            run, ['train', 'calib', split])
        self.test = test.select(slice(limit))
        self.labels = self.test.labels
        self.dknn = runs.fit_dknn(run, self.train, self.calib,
                                  **self.dknn_options)
        self.temperature = (runs.store_temperature(run, self.calib)
                            if self.has('logits') else None)

    def has(self, need):
        """Whether there is one of ``NEEDS``."""
        if need == 'logits':
            return self.test.logits is not None
        return self.run.given is None or (
            need == 'texts' and bool(self.run.data.test[0].texts))

    def new_dknn(self, **changes):
        """A DkNN with the run's options but for some; not fitted.

        Args:
            changes (object): By name, arguments of ``DkNN``.

        Returns:
            DkNN: As new.
        """
        return DkNN(self.dknn.n_class, **{**self.dknn_options, **changes})

    @functools.cached_property
    def examples(self):
        """list of text_datasets.Example: The test texts."""
        return getattr(self.run.data, self.split)[:len(self.labels)]

    @functools.cached_property
    def probabilities(self):
        """ndarray: float64 (n, C), softmax of the test texts."""
        return softmax(self.test.logits)

    @property
    def predicted(self):
        """ndarray: Integers (n,), softmax's labels."""
        return self.asked.label

    @functools.cached_property
    def baseline(self):
        """ndarray: Integers (n,), the linear baseline's labels."""
        return linear.fit_and_predict(
            self.run.data._replace(test=self.examples),
            self.run.args.get('char_based', False)).predicted

    @functools.cached_property
    def asked(self):
        """Asked: The test texts."""
        return Asked(self.dknn, self.examples, self.test.xs,
                     self.test.logits, self.test.layers)

    @functools.cached_property
    def held_out(self):
        """Asked: The calibration texts."""
        return Asked(self.dknn, self.run.data.calib, self.calib.xs,
                     self.calib.logits, self.calib.layers)

    @property
    def prediction(self):
        return self.asked.counted

    @property
    def soft(self):
        return self.asked.soft

    @functools.cached_property
    def counts(self):
        return bootstrap.resampled_counts(len(self.labels), seed=self.seed)

    @functools.cached_property
    def scorer(self):
        """WordScorer: Of the run's words, of a pair the second text's."""
        return WordScorer(self.run, self.dknn, self.temperature)

    @functools.cached_property
    def explained(self):
        """Explained: Test texts and the scores of their words."""
        return explain(self)

    @functools.cached_property
    def suspects(self):
        """Suspects: What the other training examples say of each."""
        return rank(self.dknn, self.train)

    def share(self, right):
        """The mean of bools (n,) of the test texts, as an Estimate."""
        return bootstrap.mean_estimate(np.asarray(right, np.float64),
                                       self.counts)
